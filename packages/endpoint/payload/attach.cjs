// Reaches the supervisor of a session anew, and is nothing but a relay between it and the client.
// argv after node: this text, the path of its socket, A, B. Prints the marker first; where nobody listens, the letter N and why.
const [, address, A, B] = process.argv.slice(1);
const socket = require("node:net").connect(address);
const { stdin, stdout } = process;
const end = () => process.exit(0);
socket.once("connect", () => {
  stdout.write(B + A);
  socket.off("error", refuse);
  for (const stream of [socket, stdin, stdout]) stream.on("error", end);
  socket.on("close", () => stdout.write("", end));
  stdin.on("end", () => socket.end());
  stdin.pipe(socket, { end: false });
  socket.pipe(stdout, { end: false });
});
const refuse = () => stdout.write(`${B}${A}N\nreason=session\n`, end);
socket.once("error", refuse);
