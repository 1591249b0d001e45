/* An ssh-agent of a test's own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { run, tryRun } from "./run.ts";
import { until } from "./wait.ts";

export interface AgentLab extends AsyncDisposable {
  /** Path of the socket. */
  readonly socket: string;
  add(privateKeyPath: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param socket a path in a directory of the caller's */
export async function startAgent(socket: string): Promise<AgentLab> {
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  };
  // Its socket is there before it listens. 2 is what ssh-add says where it reaches no agent.
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  await until("the agent to answer", async () => existsSync(socket) && (await tryRun("ssh-add", ["-l"], { env })).code !== 2);
  return {
    socket,
    stop,
    add: async (path) => {
      await run("ssh-add", ["-q", path], { env });
    },
    [Symbol.asyncDispose]: stop,
  };
}
