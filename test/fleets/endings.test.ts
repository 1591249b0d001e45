/* How runs and transfers end when a link is cut, when they are killed, and when the client is. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connector, openssh, ssh } from "@sremote/connectors";
import { type Fleet, fleet, type Host } from "@sremote/fleet";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findProcesses } from "../../scripts/labs/processes.ts";
import { type Proxy, startProxy } from "../../scripts/labs/proxy.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";
import { until } from "../../scripts/labs/wait.ts";
import { hostPath } from "../support/hosts.ts";

const program = fileURLToPath(new URL("../transfers/memory-program.ts", import.meta.url));
let lab: Lab;
let directory: string;
/** More than anything copies before it is ended, and takes no room. */
let endless: string;
beforeAll(async () => {
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
  directory = await mkdtemp(join(tmpdir(), "sremote-endings-"));
  endless = join(directory, "endless");
  const file = await open(endless, "w");
  await file.truncate(2 ** 40);
  await file.close();
});
afterAll(async () => {
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe.each([
  ["ssh", ssh],
  ["openssh", openssh],
] as const)("over %s", (kind, make) => {
  let user: Account;
  let proxy: Proxy;
  let hosts: Fleet;
  beforeEach(async () => {
    user = await lab.addUser();
    proxy = await startProxy({ host: lab.address, port: lab.port });
    const knownHosts = join(directory, "known");
    const places = [lab, proxy];
    await writeFile(knownHosts, places.map(({ address, port }) => `[${address}]:${port} ${lab.hostKeys[0]!.publicKey}\n`).join(""));
    const connect = (host: Host): Connector => make({ ...host.sshOptions(), knownHosts, sshConfig: false });
    const named = places.map(({ address, port }, index) => ({
      name: `node${index + 1}`,
      address,
      port,
      username: user.name,
      privateKeyPath: lab.key.path,
    }));
    hosts = fleet(named, { connect, logLevel: "silent", retries: 0 });
  });
  afterEach(async () => {
    await hosts.close();
    await proxy.stop();
    await until("nothing of the user is left", async () => (await ofUser()).length === 0);
  });

  const ofUser = (): ReturnType<typeof findProcesses> => findProcesses(({ uid }) => uid === user.uid);
  const running = async (): Promise<number> => (await ofUser()).filter(({ command }) => command === "sleep 73001").length;
  /** The unfinished file of a push, when there is one. */
  const partial = async (): Promise<string | undefined> => (await readdir(user.home)).find((name) => name.startsWith(".copy.sremote-"));

  test("G02 G34 a process whose link is cut has no exit status, is unreachable, and disturbs no other; the host ends it", async () => {
    const run = hosts.run("exec sleep 73001");
    await until("both run", async () => (await running()) === 2);
    proxy.cut();
    await until("the cut one has ended", () => run.jobs[1]!.ended);
    const [other, cut] = run.jobs;
    expect([cut!.reason, cut!.exitCode, cut!.signal, cut!.error?.code]).toEqual(["unreachable", null, null, "connection-lost"]);
    await until("the host has ended it", async () => (await running()) === 1);
    expect(other!.state).toBe("running");
    await run.kill();
    expect([String(run.unreachable), String(run.failed), await running()]).toEqual(["node2", "", 0]);
    // The same fleet reaches it again.
    proxy.restore();
    expect((await hosts.run("exit 255")).exitCodes).toEqual([255, 255]);
  });

  test("G14 G26 a push that is killed ends on the host, too, and no part of the file is seen under its name", async () => {
    const one = hosts.at(0);
    const run = one.push(endless, "copy", { resume: false });
    await until("it is under way", async () => (await partial()) !== undefined);
    const [job] = (await run.kill()).jobs;
    expect([job!.reason, job!.result, job!.exitCode]).toEqual(["killed", undefined, null]);
    await until("the program on the host has ended", async () => !(await ofUser()).some(({ command }) => command.includes("python")));
    expect(await readdir(user.home)).not.toContain("copy");
    expect((await one.run("echo fine")).jobs[0]!.stdout).toBe("fine\n");
  });

  test("G15 G26 after SIGKILL of the client in the middle of a push nothing runs on the host within 60 s, and no part of the file is seen", async () => {
    const options = { host: lab.address, port: lab.port, username: user.name, privateKeyPath: lab.key.path, knownHosts: lab.knownHosts };
    const argv = ["--conditions=@sremote/source", program, "push", endless, "copy", kind, JSON.stringify(options)];
    const client = spawn(process.execPath, argv, { stdio: "ignore", env: { ...process.env, TMPDIR: directory } });
    await until("it is under way", async () => (await partial()) !== undefined);
    const exited = once(client, "exit");
    client.kill("SIGKILL");
    await exited;
    await until("nothing of the user is left", async () => (await ofUser()).length === 0, 60_000);
    expect(await readdir(user.home)).not.toContain("copy");
  });
});
