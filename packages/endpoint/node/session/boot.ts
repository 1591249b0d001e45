/**
 * What a worker is started with: it reads the program from its channel, as a length of ten digits and then the text, and runs it. The file
 * is only a name, as in stage-session.cjs: nothing is on a disk.
 */
export const bootScript: string = `{
const { readSync } = require("node:fs");
const read = (size) => {
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let at = 0; at < size;) {
    const got = readSync(3, bytes, at, size - at, null);
    if (got === 0) process.exit(0);
    at += got;
  }
  return bytes.latin1Slice();
};
const source = read(Number(read(10)));
const file = "/sremote-session.cjs";
const program = { exports: {} };
new (require("node:vm").Script)("(function (exports, require, module, __filename, __dirname) {" + source + "\\n})", { filename: file })
  .runInThisContext()(program.exports, require("node:module").createRequire(file), program, file, "/");
program.exports.startWorker();
}`;
