/* An ssh-agent of a test's own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { run } from "./run.ts";
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
  await until("the agent's socket", () => existsSync(socket));
  return {
    socket,
    stop,
    add: async (path) => {
      await run("ssh-add", ["-q", path], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    },
    [Symbol.asyncDispose]: stop,
  };
}
