/* G27 for what only sessions have: a supervisor that lives on, its workers, and the process that reaches it again after the link was lost. */
import { RemoteClient } from "@sremote/client";
import { ssh } from "@sremote/connectors";
import { afterAll, expect, test } from "vitest";
import { listProcesses } from "../../scripts/labs/processes.ts";
import { startProxy } from "../../scripts/labs/proxy.ts";
import { until } from "../../scripts/labs/wait.ts";
import { Effects, plantEffects } from "../support/effects.ts";
import { runtimes, sharedSshd, stopSshd } from "../support/hosts.ts";
import { hostProcesses, snapshot } from "../support/leftovers.ts";

afterAll(stopSshd);

const inArguments = Array.from({ length: 20 }, (_, index) => `canary-argument-${index}-9f3c1d`);
const inVariables = Array.from({ length: 20 }, (_, index) => `canary-variable-${index}-9f3c1d`);
const env = Object.fromEntries(inVariables.map((canary, index) => [`TOKEN_${index}`, canary]));

/** What `ps` shows to everybody, of every process of this machine: /proc/PID/environ is for the user's own eyes. */
async function argumentVectors(): Promise<string[]> {
  return (await listProcesses()).map(({ command }) => command);
}

test.each(runtimes)(
  "G27 no process of a session shows a secret in its arguments, and only the function's own has the variables, in %s",
  async (runtime) => {
    const server = await sharedSshd();
    const user = await server.addUser();
    await plantEffects(user.home);
    await using proxy = await startProxy({ host: server.address, port: server.port });
    const publicKey = server.hostKeys[0]!.publicKey;
    const connector = ssh({
      host: proxy.address,
      port: proxy.port,
      username: user.name,
      privateKeyPath: server.key.path,
      hostKey: (key) => publicKey.endsWith(Buffer.from(key.key).toString("base64")),
      sshConfig: false,
    });
    await using client = new RemoteClient(connector, { runtime });
    const effects = new Effects(user.home);
    // What importing it leaves beside the module.
    await effects.call(client, runtime, 0);
    const before = await snapshot(user.home);
    const call = effects.call(client, runtime, inArguments, { env }, 3);
    const [, run] = await until("the function to run", async () => {
      const runs = await effects.runs();
      return runs.length === 2 && runs;
    });
    let seen = (await argumentVectors()).join("\n");
    const first = (await hostProcesses(user.home)).map(({ pid }) => pid);
    expect(first.length).toBeGreaterThan(1);
    const accepted = async (): Promise<number> => (await server.log()).split("Accepted publickey for").length;
    const once = await accepted();
    proxy.cut();
    proxy.restore();
    // What reaches the supervisor again hands its input and output over and ends (Python), or relays them as long as it lives (Node).
    await until("the session to go on", async () => {
      seen += (await argumentVectors()).join("\n");
      return (await accepted()) > once;
    });
    for (const { pid, environment } of await hostProcesses(user.home)) {
      const text = environment.join("\n");
      expect(text).not.toMatch(/canary-argument/);
      // A forked function's environment is its memory; one that was started anew has it from its start.
      if (pid !== run!.pid) expect(text, `process ${pid}`).not.toMatch(/canary/);
    }
    expect((await call).value).toEqual(inArguments);
    seen += (await argumentVectors()).join("\n");
    expect(seen).not.toMatch(/canary/);
    const written = (await snapshot(user.home)).filter((entry) => !before.includes(entry));
    // The function's own trace, and the directory's time.
    expect(written.map((entry) => entry.split(" ")[0])).toEqual(expect.arrayContaining([effects.path.slice(user.home.length + 1)]));
    for (const entry of written) expect(entry).toMatch(/^( |effects-)/);
  },
);
