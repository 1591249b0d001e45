// First stage of a session in Node: reads the payload from standard input and runs it from memory; what follows on standard input is the session's.
// argv after node: this text, candidates, bases, size, sha256, A, B, then the payload's mode. Nothing is written on the host.
const fs = require("node:fs");
const [text, candidates, baseList, size, sha, A, B, ...rest] = process.argv.slice(1);
const missing = (reason, lines) => {
  fs.writeSync(1, `${B}${A}N\n${[`reason=${reason}`, `home=${process.env.HOME || ""}`, ...lines].join("\n")}\n`);
  process.exit(0);
};
if (Number(process.versions.node.split(".")[0]) < 18) {
  const names = candidates.split("\n");
  const old = (process.env.SREMOTE_TOO_OLD || "") + `tooold=${names.shift()} ${process.versions.node}\n`;
  if (names.length === 0) missing("interpreter", old.split("\n"));
  // Node cannot replace its own process: the next candidate runs as a child on the same descriptors.
  const child = require("node:child_process").spawnSync(
    names[0],
    ["-e", "eval(process.argv[1])", "--", text, names.join("\n"), baseList, size, sha, A, B, ...rest],
    { stdio: "inherit", env: { ...process.env, SREMOTE_TOO_OLD: old } },
  );
  process.exit(child.status === null ? 99 : child.status);
}
delete process.env.SREMOTE_TOO_OLD;
const payload = Buffer.alloc(Number(size));
for (let at = 0; at < payload.length;) {
  let got;
  try {
    got = fs.readSync(0, payload, at, payload.length - at, null);
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2); // a non-blocking descriptor: readSync cannot wait
    continue;
  }
  if (got === 0) missing("payload", [`detail=standard input ended ${payload.length - at} bytes early`]);
  at += got;
}
if (require("node:crypto").createHash("sha256").update(payload).digest("hex") !== sha) {
  missing("payload", ["detail=the payload arrived damaged"]);
}
// Where packages would be installed; it is not made here.
const isSafe = (path) => {
  try {
    const found = fs.lstatSync(path);
    return found.isDirectory() && found.uid === process.geteuid() && (found.mode & 0o022) === 0;
  } catch {
    return false;
  }
};
const bases = baseList.split("\n").filter(Boolean);
const base = bases.find(isSafe) || bases[0];
// The name is for stack traces; there is no such file. Workers get the same text over their channel.
const file = "/sremote-session.cjs";
const source = require("node:zlib").brotliDecompressSync(payload).latin1Slice();
const program = { exports: {} };
const { Script } = require("node:vm");
new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, { filename: file }).runInThisContext()(
  program.exports,
  require("node:module").createRequire(file),
  program,
  file,
  "/",
);
program.exports.startSession(source, [...rest, "--base", base, "--marker", A, B, sha]);
