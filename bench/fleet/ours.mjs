// What a user of sremote writes for each of the comparisons. Plain JavaScript, so that no types are stripped while it is timed.
import { local, openssh, ssh } from "sremote";
import { fleet, OutputTree } from "sremote/fleet";

const { task, hosts, knownHosts, config, source, target, command, printing } = JSON.parse(process.argv[2]);
// Through the system's ssh where it has a configuration for it.
const connect = (host) =>
  config === undefined ? ssh({ ...host.sshOptions(), knownHosts, sshConfig: false }) : openssh({ host: host.name, sshConfig: config });

const tasks = {
  /** What all others begin with: Node starts, and the packages are loaded. */
  load() {},
  async run() {
    await using nodes = fleet(hosts, { connect, concurrency: hosts.length });
    const { jobs } = await nodes.run(command).orThrow();
    process.stdout.write(jobs.map(({ host, stdout }) => `${host.name}: ${stdout}`).join(""));
  },
  async push() {
    await using nodes = fleet(hosts, { connect, concurrency: hosts.length });
    await nodes.push(source, target).orThrow();
  },
  async pull() {
    await using nodes = fleet(hosts, { connect });
    await nodes.pull(source, target).orThrow();
  },
  /** Line by line, each different output kept once. */
  async tree() {
    await using nodes = fleet(`host[1-${printing}]`, { connect: () => local() });
    const tree = new OutputTree();
    const run = nodes.run(command, { output: "live", killOnDisconnect: false });
    for await (const { host, text } of run) tree.add(host, text);
    await run.orThrow();
    console.log(tree.groups().length);
  },
  /** Kept up to the limit of all hosts together, and gathered at the end. */
  async gather() {
    await using nodes = fleet(`host[1-${printing}]`, { connect: () => local() });
    const done = await nodes.run(command, { killOnDisconnect: false }).orThrow();
    console.log(done.gather().length);
  },
};

await tasks[task]();
