/* What becomes of processes when those who started them are gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { local } from "@sremote/connectors";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findProcesses, processTree, signalEach } from "../../../scripts/labs/processes.ts";
import { type Lab, startSshd } from "../../../scripts/labs/sshd.ts";
import { until } from "../../../scripts/labs/wait.ts";
import { watchdogScript } from "./watchdog-script.ts";
import { Watchdog } from "./watchdog.ts";
import { RemoteProcess } from "./remote-process.ts";

let lab: Lab;
let directory: string;
beforeAll(async () => {
  lab = await startSshd();
  directory = await mkdtemp(join(tmpdir(), "sremote-watchdog-"));
});
afterAll(async () => {
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
});

const victims: ChildProcess[] = [];
afterEach(() => {
  signalEach(
    victims.splice(0).flatMap(({ pid }) => (pid === undefined ? [] : [-pid])),
    "SIGKILL",
  );
});
/** Leads a group of its own, which is ended behind the test however that goes. */
function startVictim(script: string): ChildProcess {
  const victim = spawn("sh", ["-c", script], { detached: true, stdio: "ignore" });
  victims.push(victim);
  return victim;
}

const matching = (pattern: RegExp): ReturnType<typeof findProcesses> => findProcesses(({ command }) => pattern.test(command));

describe("G15 after SIGKILL of the client nothing is left within 60 s", () => {
  test.each(["local", "ssh", "openssh"])("over %s, not even what ignores SIGTERM, reads nothing and has left its group", async (kind) => {
    const number = 71_001 + ["local", "ssh", "openssh"].indexOf(kind);
    const user = await lab.addUser();
    const options = {
      host: lab.address,
      port: lab.port,
      username: user.name,
      privateKeyPath: lab.key.path,
      knownHosts: lab.knownHosts,
      sshConfig: false,
    };
    const program = join(directory, `${kind}.ts`);
    await writeFile(
      program,
      `import { local, openssh, ssh } from ${JSON.stringify(fileURLToPath(new URL("../../connectors/src/index.ts", import.meta.url)))};
import { RemoteProcess } from ${JSON.stringify(fileURLToPath(new URL("remote-process.ts", import.meta.url)))};
const connector = { local: () => local(), ssh: () => ssh(${JSON.stringify(options)}), openssh: () => openssh(${JSON.stringify(options)}) }[${JSON.stringify(kind)}]();
const script = "trap '' TERM HUP; sleep ${number} & setsid sleep ${number} & echo ready; wait; wait; sleep ${number}";
const both = [{}, { stdin: true }].map((options) => new RemoteProcess(connector, script, options).start());
for (const each of both) await each.expect("ready");
console.log("ready");
`,
    );
    const client = spawn(process.execPath, ["--conditions=@sremote/source", program], { stdio: ["ignore", "pipe", "inherit"] });
    await once(createInterface({ input: client.stdout }), "line");
    const of = new RegExp(`^sleep ${number}$`);
    await until("all four run", async () => (await matching(of)).length === 4);
    client.kill("SIGKILL");
    await until("all have ended", async () => (await matching(of)).length === 0, 60_000);
    // The watchdog has ended by itself, too, with what it waited by.
    if (kind !== "local")
      await until("nothing of the user is left", async () => (await findProcesses(({ uid }) => uid === user.uid)).length === 0);
  });
});

describe("the host's end of the watchdog", () => {
  test.each([["dash"], ["bash"], ["busybox", "sh"]])("in %s ends what it was told of when no sign of life comes", async (...argv) => {
    const victim = startVictim("sleep 71011 & exec sleep 71011");
    const other = startVictim("exec sleep 71012");
    const watchdog = spawn(argv[0] ?? "", [...argv.slice(1), "-c", watchdogScript("nonce", 0.4)], { stdio: ["pipe", "pipe", "inherit"] });
    const said: string[] = [];
    createInterface({ input: watchdog.stdout }).on("line", (line) => said.push(line));
    watchdog.stdin.write(`add ${victim.pid}\nadd ${other.pid}\nforget ${other.pid}\n`);
    await until("both were taken", () => said.length === 3);
    expect(said.toSorted()).toEqual([`nonce added ${victim.pid}`, `nonce added ${other.pid}`, "nonce ready"].toSorted());
    for (let beat = 0; beat < 13; beat += 1) {
      watchdog.stdin.write("beat\n");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await matching(/^sleep 71011$/), "as long as there are signs of life, nothing happens").toHaveLength(2);
    const [code] = (await once(watchdog, "exit")) as [number];
    expect(code).toBe(0);
    // A signal that was sent may take a moment to arrive.
    await until("both have ended", async () => (await matching(/^sleep 71011$/)).length === 0);
    expect(await matching(/^sleep 71012$/), "what was taken off stays").toHaveLength(1);
  });

  test("does not need ps", async () => {
    const victim = startVictim("setsid sleep 71021 & exec sleep 71021");
    const path = { PATH: join(directory, "bin") };
    await mkdir(path.PATH);
    await symlink("/bin/sleep", join(path.PATH, "sleep"));
    await until("both run", async () => (await matching(/^sleep 71021$/)).length === 2);
    const watchdog = spawn("/bin/sh", ["-c", watchdogScript("nonce", 60)], { stdio: ["pipe", "pipe", "inherit"], env: path });
    watchdog.stdin.end(`add ${victim.pid}\nKILL ${victim.pid}\nbye\n`);
    await once(watchdog, "exit");
    await until("both have ended", async () => (await matching(/^sleep 71021$/)).length === 0);
  });

  test("that was ended by somebody is replaced, and knows the processes of the one before", async () => {
    await using host = local();
    await using process = new RemoteProcess(host, "exec sleep 71031", { stdin: true }).start();
    await until("it runs", () => process.state === "running");
    const mine = await matching(/^\/bin\/sh -c exec 2>\/dev\/null/);
    const ours = mine.filter(({ parent }) => parent === global.process.pid);
    expect(ours).toHaveLength(1);
    signalEach(await processTree(ours[0]!.pid), "SIGKILL");
    await until("it is noticed", async () => (await findProcesses(({ pid }) => pid === ours[0]!.pid)).length === 0);
    const release = Watchdog.on(host).hold();
    // Until this program has noticed as well, it takes the one before for ready.
    await until("there is another", async () => {
      const isReady = await Watchdog.on(host)
        .ready()
        .then(
          () => true,
          () => false,
        );
      const running = await matching(/^\/bin\/sh -c exec 2>\/dev\/null/);
      return isReady && running.some(({ parent, pid }) => parent === global.process.pid && pid !== ours[0]!.pid);
    });
    await process.kill();
    expect(process).toMatchObject({ reason: "killed", error: undefined });
    release();
  });

  test("is not there where it is not wanted, and signals reach the process all the same", async () => {
    await using host = local();
    const process = new RemoteProcess(host, "exec sleep 71041", { killOnDisconnect: false }).start();
    await until("it runs", () => process.state === "running");
    expect((await matching(/^\/bin\/sh -c exec 2>\/dev\/null/)).filter(({ parent }) => parent === global.process.pid)).toEqual([]);
    await process.kill("SIGINT");
    expect(process).toMatchObject({ reason: "killed", signal: "SIGINT" });
  });
});
