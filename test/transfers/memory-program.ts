/* Pushes or pulls one file in a process of its own and prints by how much its memory grew, in MiB, and the result. */
import { local } from "@sremote/connectors";
import { pull, push } from "@sremote/fleet";

const [direction, from, to] = process.argv.slice(2) as [string, string, string];
await using host = local();
const before = process.memoryUsage.rss();
let most = before;
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss());
}, 20);
const result = await (direction === "push" ? push : pull)(host, from, to);
clearInterval(watch);
console.log(JSON.stringify({ grown: Math.round((most - before) / 2 ** 20), ok: result.ok, bytes: result.bytes }));
