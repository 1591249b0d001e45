import { randomBytes } from "node:crypto";
import { backOff, belowHome, type Connector, pause } from "@sremote/connectors";
import { hostLimits, RemoteNotSetupError, TransferError } from "@sremote/protocol";
import type { CallRequest } from "./request.ts";
import { launchCommand, type Located, missingError, payloadOf, readLaunch, unansweredError } from "../host/launch.ts";
import { lastLines, newMarker } from "../host/marker.ts";
import { statusError } from "./exit-status.ts";
import { chooseInterpreter, probeHost } from "../host/probe.ts";
import { PulledReply } from "./pulled-bytes.ts";
import type { SpoolHost } from "../host/settings.ts";

/** How long a finished call's reply may take to become visible, in milliseconds: attribute caches of network filesystems hold for up to 60 s. */
const visibility = 120_000;

/** Push, exec, pull: for a connector that has only these. Before the first call one probe, and the deployment where it is due. */
export async function callByFiles(host: SpoolHost, request: CallRequest, known: Located, onAnswered: () => void): Promise<Uint8Array> {
  const { connector } = host;
  const { base, interpreter } = await locate(host, request, known);
  // A name of its own for each attempt: another client may ask with the same id, and whichever endpoint takes the call removes its request.
  const question = `${base}/tmp/request-${request.id}-${randomBytes(4).toString("hex")}`;
  const answer = `${base}/calls/${request.id}/reply`;
  // It may hold secrets. An endpoint removes it when it takes the call; if none does, the client does when it closes.
  host.releases.addFile(question);
  await connector.push(Buffer.concat(request.frame), question, { signal: request.signal });
  const marker = newMarker();
  const timeout = request.timeout === undefined ? undefined : request.timeout + 60_000;
  // Through the launch script, which checks again that no other user can write to what is executed.
  const endpoint = ["call", question, answer];
  const command = launchCommand({ mode: "run", marker, base, interpreter, runtime: request.runtime, endpoint });
  // No endpoint looks for requests by itself: up to here nothing has one that would carry it out.
  request.signal?.throwIfAborted();
  request.onSent();
  const result = await connector.exec(command, { signal: request.signal, timeout, outputLimit: hostLimits.noise + hostLimits.missing });
  const launched = readLaunch(result, marker);
  if (launched.kind === "missing")
    throw missingError(launched.reason, launched.facts, request.runtime, { stage: "deploy", host: connector.label });
  if (result.exitCode !== 0) {
    const options = { stage: "call", host: connector.label, callId: request.id };
    throw statusError(result.exitCode, request) ?? unansweredError(result, request.runtime, options);
  }
  onAnswered();
  host.releases.forgetFile(question);
  return await pullReply(connector, answer, request.signal);
}

/** A reply is renamed into place, so once visible it is whole; until then `no-such-file` means "not yet". */
async function pullReply(connector: Connector, path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const until = performance.now() + visibility;
  for (let look = 1; ; look += 1) {
    const reply = new PulledReply();
    try {
      await connector.pull(path, { write: (chunk) => reply.add(chunk) }, { signal });
      return reply.take();
    } catch (error) {
      const late = error instanceof TransferError && (error.code === "no-such-file" || error.code === "transfer-failed");
      if (!late || performance.now() > until) throw error;
    }
    await pause(backOff(look, 20, 5000, "none"), signal);
  }
}

async function locate(host: SpoolHost, request: CallRequest, known: Located): Promise<{ base: string; interpreter: string }> {
  if (known.installed && known.base !== undefined && known.interpreter !== undefined)
    return { base: known.base, interpreter: known.interpreter };
  const { connector } = host;
  const { runtime, signal } = request;
  const install = request.install || host.settings.autoInstall;
  const report = await probeHost(connector, { base: known.base, runtime, prepare: install, signal });
  const options = { stage: "deploy", host: connector.label };
  if (report.base === undefined) throw missingError("directory", new Map([["rejected", report.rejected]]), runtime, options);
  if (!report.installed && !install) throw missingError("endpoint", new Map(), runtime, options);
  const chosen = known.interpreter ?? chooseInterpreter(report, runtime, connector.label);
  const below = belowHome(chosen);
  const interpreter = below === undefined ? chosen : `${report.home}/${below}`;
  if (!report.installed) await pushEndpoint(connector, runtime, report.base, interpreter, signal);
  Object.assign(known, { base: report.base, interpreter, installed: true });
  return { base: report.base, interpreter };
}

async function pushEndpoint(
  connector: Connector,
  runtime: "python" | "node",
  base: string,
  interpreter: string,
  signal?: AbortSignal,
): Promise<void> {
  const payload = payloadOf(runtime);
  const path = `${base}/tmp/payload-${randomBytes(8).toString("hex")}${runtime === "python" ? ".pyz" : ".mjs"}`;
  await connector.push(payload.bytes, path, { signal });
  // As launch.sh: what the user set for Python or Node must not act on the endpoint itself.
  const script = `unset NODE_OPTIONS; "$1" ${runtime === "python" ? "-E " : ""}"$2" install --base "$3" "$2"; status=$?; rm -f -- "$2"; exit $status`;
  const result = await connector.exec(["sh", "-c", script, "sremote", interpreter, path, base], {
    signal,
    outputLimit: hostLimits.ownOutput,
  });
  if (result.exitCode === 97) {
    const rejected = lastLines(result.stderr, 1).replace(/^sremote-endpoint: /, "");
    throw missingError("directory", new Map([["rejected", [rejected]]]), runtime, { stage: "deploy", host: connector.label });
  }
  if (result.exitCode !== 0) {
    throw new RemoteNotSetupError("endpoint-broken", `the ${runtime} endpoint could not be installed (exit status ${result.exitCode})`, {
      stage: "deploy",
      host: connector.label,
      lastLines: lastLines(result.stderr),
    });
  }
}
