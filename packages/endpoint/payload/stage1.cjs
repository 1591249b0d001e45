// First stage of the Node endpoint: reads the payload from standard input, installs it where it is not, and runs it.
// argv after node: this text, candidates, bases, size, sha256, A, B, then the endpoint's own arguments (none: only install).
const fs = require("node:fs");
const { createHash } = require("node:crypto");
const [text, candidates, baseList, size, sha, A, B, ...rest] = process.argv.slice(1);
const say = (letter, lines) => fs.writeSync(1, `${B}${A}${letter}\n${lines.join("\n")}\n`);
const missing = (reason, lines) => {
  say("N", [`reason=${reason}`, `home=${process.env.HOME || ""}`, ...lines]);
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
process.umask(0o077);
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
const reject = (path) => {
  const found = fs.lstatSync(path);
  if (!found.isDirectory()) return `${path} is not a directory`;
  if (found.uid !== process.geteuid()) return `${path} belongs to another user`;
  if (found.mode & 0o022) return `${path} may be written by others`;
};
const makeDirectory = (path) => {
  try {
    fs.mkdirSync(path, 0o700);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  return reject(path);
};
// Not mkdir's own recursion: below /proc it never ends.
const makeParents = (path) => {
  try {
    fs.mkdirSync(path, 0o700);
  } catch (error) {
    if (error.code === "EEXIST") return;
    const parent = require("node:path").dirname(path);
    if (error.code !== "ENOENT" || parent === path) throw error;
    makeParents(parent);
    fs.mkdirSync(path, 0o700);
  }
};
const prepare = (base) => {
  makeParents(require("node:path").dirname(base));
  for (const path of [base, `${base}/endpoint`, `${base}/tmp`]) {
    const why = makeDirectory(path);
    if (why) return why;
  }
  const probe = `${base}/tmp/.probe-${A}`;
  try {
    fs.writeFileSync(probe, Buffer.alloc(4096), { flag: "wx", mode: 0o600 });
  } finally {
    fs.rmSync(probe, { force: true });
  }
};
const installed = (base) => {
  const directory = `${base}/endpoint/${sha}`;
  try {
    if ([base, `${base}/endpoint`, directory].some(reject)) return;
    fs.accessSync(base, fs.constants.W_OK);
    fs.accessSync(`${directory}/endpoint.mjs`, fs.constants.R_OK);
    return directory;
  } catch {
    return;
  }
};
const bases = baseList.split("\n").filter(Boolean);
const rejected = [];
let ready;
const base = bases.find((each) => {
  if ((ready = installed(each))) return true;
  let why;
  try {
    why = prepare(each);
  } catch (error) {
    why = `${error.path || each}: ${error.code}`;
  }
  if (why) rejected.push(`rejected=${why}`);
  return !why;
});
if (base === undefined) missing("directory", rejected);
if (!ready) {
  if (createHash("sha256").update(payload).digest("hex") !== sha) missing("payload", ["detail=the payload arrived damaged"]);
  const beside = `${base}/tmp/stage1-${A}`;
  let failure;
  try {
    fs.mkdirSync(beside, 0o700);
    const fd = fs.openSync(`${beside}/endpoint.mjs`, "wx", 0o600);
    fs.writeFileSync(fd, payload);
    fs.fsyncSync(fd);
    fs.closeSync(fd);
    try {
      fs.renameSync(beside, `${base}/endpoint/${sha}`);
    } catch (error) {
      if (!installed(base)) throw error; // another one was faster: theirs is as good
    }
  } catch (error) {
    failure = error;
  }
  fs.rmSync(beside, { recursive: true, force: true });
  if (failure) {
    let unsafe;
    try {
      unsafe = reject(`${base}/endpoint/${sha}`);
    } catch {} // not there: the failure says enough
    if (unsafe) missing("directory", [`rejected=${unsafe}`]);
    missing(failure.code === "ENOSPC" || failure.code === "EDQUOT" ? "space" : "install", [
      `detail=${failure.path || base}: ${failure.code}`,
    ]);
  }
}
const program = `${base}/endpoint/${sha}/endpoint.mjs`;
if (rest.length > 0) {
  process.argv.splice(1, process.argv.length - 1, program, rest[0], "--base", base, ...rest.slice(1));
  import(require("node:url").pathToFileURL(program).href).catch((error) => {
    process.stderr.write(`sremote-endpoint: ${error.stack}\n`);
    process.exitCode = 99;
  });
} else {
  say("I", [`base=${base}`, `executable=${process.execPath}`, `version=${process.versions.node}`]);
}
