import { limits } from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";
import { encodeArguments } from "../call/arguments.ts";
import { CallFrame } from "../call/frame.ts";
import { newCallId } from "../call/id.ts";
import { callHead } from "../call/request.ts";
import { outputText } from "../call/result.ts";
import { HostEnvironment } from "../call/environment.ts";
import { errorFromReply } from "../call/failure.ts";
import { defaultSerializer } from "../call/serializer.ts";
import type { SpoolTransport } from "../spool/spool-transport.ts";

/** Modules of the endpoints themselves. */
export const environmentModules: Readonly<Record<Runtime, string>> = {
  python: "sremote_endpoint.environment",
  node: "sremote:environment",
};

const locations = { sremoteDir: undefined, tmpDir: undefined, pwdDir: undefined };

export interface InternalCallOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds. */
  timeout?: number | undefined;
}

/**
 * Calls a function of the endpoint's own environment module (`sremote_endpoint.environment`, `sremote:environment`), installing the endpoint where
 * it is missing. It sees none of the user's variables: an installer must not behave differently for them.
 */
export async function internalCall(
  transport: SpoolTransport,
  runtime: Runtime,
  fn: string,
  args: readonly unknown[],
  options: InternalCallOptions = {},
): Promise<{ value: unknown; stdout: string; stderr: string }> {
  const module = environmentModules[runtime];
  const id = newCallId();
  const head = callHead(id, module, fn, options, { environment: new HostEnvironment(), locations, modules: new Map() });
  const { text, attachments } = encodeArguments({ args, kwargs: undefined }, (...each) => defaultSerializer.encode(...each));
  const reply = await transport.call({
    id,
    runtime,
    what: `${module}.${fn}`,
    frame: new CallFrame(head + text, attachments, []).input(),
    check: () => undefined,
    onSent: () => undefined,
    timeout: options.timeout,
    signal: options.signal,
    outputLimit: limits.output,
    install: true,
    repeatable: false,
  });
  const { value, outcome } = reply.message;
  if (outcome !== "value" || value === undefined) throw errorFromReply(reply, `${runtime} ${fn}`, transport.connector.label);
  return { value: defaultSerializer.decode(value, reply.attachments), stdout: outputText(reply.stdout), stderr: outputText(reply.stderr) };
}
