/* What rsync starts as its remote shell: hands its command and streams to the process that holds the connection. argv: socket, host, command … */
import { connect } from "node:net";

const [address, , ...command] = process.argv.slice(2) as [string, string, ...string[]];
const socket = connect({ path: address, allowHalfOpen: true });
socket.write(`${JSON.stringify(command)}\n`);
process.stdin.pipe(socket);
socket.pipe(process.stdout, { end: false });
// Standard output cannot be closed but by ending; what it still holds goes out first.
socket.on("end", () => process.stdout.write("", () => process.exit(0)));
// That the link is gone, rsync sees at the end of its streams.
socket.on("error", () => process.exit(255)).on("close", () => process.exit(255));
process.stdout.on("error", () => process.exit(255));
