/* Calls of the endpoint's own functions: those that install. */
import { limits } from "@sremote/protocol";
import { environmentModules, HostEnvironment } from "../call/environment.ts";
import { errorFromReply } from "../call/failure.ts";
import { newCallId } from "../call/invocation.ts";
import { messageOf } from "../call/message.ts";
import type { Runtime } from "../call/options.ts";
import { outputText } from "../call/result.ts";
import { defaultSerializer } from "../call/serializer.ts";
import { callHead } from "../spool/request.ts";
import type { Spool } from "../spool/spool.ts";

const settings = { environment: new HostEnvironment(), locations: { sremoteDir: undefined, tmpDir: undefined, pwdDir: undefined } };
const noModules: ReadonlyMap<string, string | null> = new Map();

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
  spool: Spool,
  runtime: Runtime,
  fn: string,
  args: readonly unknown[],
  options: InternalCallOptions = {},
): Promise<{ value: unknown; stdout: string; stderr: string }> {
  const module = environmentModules[runtime];
  const id = newCallId();
  const what = `${module}.${fn}`;
  const head = callHead({ id, module, function: fn, options, modules: noModules, code: undefined }, settings);
  const frame = messageOf(head, { args, kwargs: undefined }, (...each) => defaultSerializer.encode(...each));
  const reply = await spool.call({
    id,
    runtime,
    what,
    frame: frame.input(),
    check: () => undefined,
    onSent: () => undefined,
    timeout: options.timeout,
    signal: options.signal,
    outputLimit: limits.output,
    install: true,
    repeatable: false,
  });
  const { value, outcome } = reply.message;
  if (outcome !== "value" || value === undefined)
    throw errorFromReply(reply, { what: `${runtime} ${fn}`, host: spool.connector.label, callId: id });
  return { value: defaultSerializer.decode(value, reply.attachments), stdout: outputText(reply.stdout), stderr: outputText(reply.stderr) };
}
