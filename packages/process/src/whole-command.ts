/* A command over a connector that only runs commands to their end. */
import { randomBytes } from "node:crypto";
import { type Command, type Connector, type ExecOptions, type ExecResult, quote, shell, shellText } from "@sremote/connectors";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "@sremote/transfer";
import { type Environment, environmentInput } from "./environment.ts";
import type { StartedProcess, StartOptions } from "./started-process.ts";
import { shortened } from "./long-command.ts";

/** Nothing comes before the end, and there is no process to write to or to send a signal: ending it is all that can be done. */
export function startWhole(connector: Connector, command: Command, options: StartOptions): StartedProcess {
  const { pty, stdin, outputLimit, deliver } = options;
  const host = connector.label;
  if (pty !== undefined) throw new SremoteError("unsupported", "the connector cannot give processes a terminal", { stage: "start", host });
  if (stdin === undefined || (stdin.length > 0 && !connector.acceptsStdin)) {
    throw new SremoteError("unsupported", "the connector cannot send input to a running process", { stage: "start", host });
  }
  const control = new AbortController();
  const { promise: abandoned, reject } = Promise.withResolvers<never>();
  abandoned.catch(() => undefined);
  const result = execWhole(connector, command, options.env, stdin, {
    signal: AbortSignal.any([control.signal, options.signal]),
    outputLimit,
  });
  const exited = Promise.race([result.then(({ exitCode, signal }) => ({ exitCode, signal })), abandoned]);
  exited.catch(() => undefined);
  const done = (async () => {
    const status = await exited;
    const { stdout, stderr, truncated } = await result;
    if (stdout.length > 0) await deliver({ stream: "stdout", bytes: stdout });
    if (stderr.length > 0) await deliver({ stream: "stderr", bytes: stderr });
    if (truncated === true) await deliver({ stream: "stdout", bytes: new Uint8Array(0), lost: true });
    return status;
  })();
  done.catch(() => undefined);
  const stop = async (): Promise<undefined> => {
    control.abort();
    return undefined;
  };
  return { stdin: undefined, exited, done, end: stop, signal: stop, abandon: (error) => reject(error) };
}

/** Runs a command to its end, with variables and input. @throws ConnectError when the host's shell could not take these, so that nothing was begun */
async function execWhole(
  connector: Connector,
  given: Command,
  env: Environment = {},
  stdin: Uint8Array,
  options: ExecOptions & { signal: AbortSignal },
): Promise<ExecResult> {
  const { command, before, remove } = await shortened(connector, given, options.signal);
  const isPlain = Object.keys(env).length === 0;
  if (isPlain && before === "") return await connector.exec(command, connector.acceptsStdin ? { ...options, stdin } : options);
  const { read, set, input } = environmentInput(env);
  // What it exits with before the command begins is no status of the command's.
  const word = randomBytes(16).toString("hex");
  const script = (readAll: string): Command =>
    shell([`trap 'printf %s ${word} >&2' EXIT`, readAll, before, "trap - EXIT", set, shellText(command)].join("\n"));
  const exec = async (readAll: string, more: ExecOptions): Promise<ExecResult> => {
    const result = await connector.exec(script(readAll), { ...options, ...more });
    if (!Buffer.from(result.stderr).includes(word)) return result;
    throw new ConnectError("channel-failed", "the command did not start: the host's shell could not read the lines before it", {
      stage: "start",
      host: connector.label,
      lastLines: Buffer.from(result.stderr).toString("utf8").replace(word, "").slice(-4096),
    });
  };
  let directory: string | undefined;
  try {
    if (isPlain) return await exec("", connector.acceptsStdin ? { stdin } : {});
    if (connector.acceptsStdin) return await exec(read, { stdin: [Buffer.from(input), stdin] });
    directory = await makeTemporaryDirectory(connector, "run", "start", options.signal);
    await connector.push(Buffer.from(input), `${directory}/env`, { signal: options.signal, mode: 0o600 });
    return await exec(`{ ${read}\n} < ${quote(`${directory}/env`)}\nrm -rf ${quote(directory)}`, {});
  } catch (error) {
    await remove();
    if (directory !== undefined) await removeTemporaryDirectory(connector, directory);
    throw error;
  }
}
