import type { Runtime } from "./call-options.ts";
import { buildRequest } from "./call-request.ts";
import { outputText } from "./call-result.ts";
import { HostEnvironment } from "./host-environment.ts";
import { errorFromReply } from "./remote-failure.ts";
import { defaultSerializer } from "./serializer.ts";
import type { SpoolTransport } from "./spool/spool-transport.ts";

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
  const module = runtime === "python" ? "sremote_endpoint.environment" : "sremote:environment";
  const request = buildRequest(module, fn, { args, kwargs: undefined }, options, {
    runtime,
    environment: new HostEnvironment(),
    locations,
    modules: new Map(),
    serializer: defaultSerializer,
    release: [],
  });
  const reply = await transport.call({ ...request, install: true });
  const { value, outcome } = reply.message;
  if (outcome !== "value" || value === undefined) throw errorFromReply(reply, `${runtime} ${fn}`, transport.connector.label);
  return { value: defaultSerializer.decode(value, reply.attachments), stdout: outputText(reply.stdout), stderr: outputText(reply.stderr) };
}
