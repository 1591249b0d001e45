// Reaches the supervisor of a session anew, and is nothing but a relay between it and the client.
// argv after node: this text, the path of its socket, A, B. Prints the marker first; where nobody listens, the letter N and why.
// Node cannot ask the kernel who is at the other end. So the socket and its directory must be ours, and no other user may enter it.
const { lstatSync, rmSync } = require("node:fs");
const { stdin, stdout } = process;
const [, address, A, B] = process.argv.slice(1);
const place = require("node:path").dirname(address);
const end = () => process.exit(0);
const refuse = (detail) => stdout.write(`${B}${A}N\nreason=session\n${detail && `detail=${place} ${detail}\n`}`, end);
// Why it is not to be trusted; undefined where it is.
const reject = () => {
  let directory, door;
  try {
    [directory, door] = [lstatSync(place), lstatSync(address)];
  } catch {
    return "";
  }
  const user = process.geteuid();
  if (directory.uid !== user || door.uid !== user) return "belongs to another user";
  if (!directory.isDirectory() || (directory.mode & 0o077) !== 0 || !door.isSocket()) return "is not a private directory with a socket";
};
const connect = () => {
  const socket = require("node:net").connect(address);
  const fail = (error) => {
    // The supervisor was killed, and perhaps nobody else would remove what it left.
    if (error.code === "ECONNREFUSED") rmSync(place, { recursive: true, force: true });
    refuse("");
  };
  socket.once("error", fail);
  socket.once("connect", () => {
    socket.off("error", fail);
    for (const stream of [socket, stdin, stdout]) stream.on("error", end);
    // Again: what was ours before may have been removed, and the name taken.
    const why = reject();
    if (why !== undefined) return refuse(why);
    stdout.write(B + A);
    socket.on("close", () => stdout.write("", end));
    stdin.on("end", () => socket.end());
    stdin.pipe(socket, { end: false });
    socket.pipe(stdout, { end: false });
  });
};
const why = reject();
if (why === undefined) connect();
else refuse(why);
