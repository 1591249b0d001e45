/* Pushes or pulls one file in a process of its own and prints by how much its memory grew, in MiB, and the result. */
import { type Connector, local, openssh, type OpenSshOptions, ssh } from "@sremote/connectors";
import { pull, push } from "@sremote/transfer";

const [direction, from, to, kind, told] = process.argv.slice(2) as [string, string, string, "local" | "ssh" | "openssh", string];
const options = JSON.parse(told) as Pick<OpenSshOptions, "host" | "port" | "username" | "privateKeyPath"> & { knownHosts: string };
const make = {
  local: () => local(),
  ssh: () => ssh({ ...options, sshConfig: false }),
  openssh: () => openssh({ ...options, sshConfig: false }),
};
await using host: Connector = make[kind]();
await host.exec(["true"]);
const before = process.memoryUsage.rss();
let most = before;
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss());
}, 20);
const result = await (direction === "push" ? push : pull)(host, from, to);
clearInterval(watch);
console.log(JSON.stringify({ grown: Math.round((most - before) / 2 ** 20), ok: result.ok, bytes: result.bytes }));
