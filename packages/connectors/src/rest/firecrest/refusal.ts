/* What the service means when it refuses. It chooses its statuses by what a tool on the host said: a 403 may be about a file, a 500 about a full disk. */
import { ConnectError, TransferError } from "@sremote/protocol";
import type { SremoteError } from "@sremote/protocol";
import { codeOfMessage } from "../../transfer/error.ts";
import type { HttpReply } from "../http.ts";

/** Of `sbatch`, where it is certain that there is no job. A scheduler that did not answer in time may have taken it. */
const noJob = /rejected|sbatch: error: .*(invalid|not permitted|denied|limit)/is;
const perhaps = /timed out|unable to contact/i;
/** Of `scancel` and `qdel` for jobs that are over or unknown. The service then says 500. */
const noSuchJob = /already completing or completed|invalid job id specified|unknown job id|job has finished/i;
/** By a probe of the service's own, before it does anything. */
const unhealthy = /is unhealthy\.?\s*$/i;

/** Undefined: what the status says. */
export function refusal(reply: HttpReply, path: string, label: string, redact: (text: string) => string): SremoteError | undefined {
  const { message } = reply.status >= 400 ? (reply.object ?? {}) : {};
  if (typeof message !== "string") return undefined;
  const said = `the service says (status ${reply.status}): ${redact(message)}`;
  const about = { stage: "http", host: label };
  const code = codeOfMessage(message);
  if (path.startsWith("/filesystem/") && message.startsWith("Remote process failed") && code !== "transfer-failed")
    return new TransferError(code, said, about);
  if (unhealthy.test(message)) {
    const hint = "the service checks this itself every few minutes; ask its operators";
    return new ConnectError("connect-failed", said, { ...about, hint });
  }
  if (/\/jobs\/\w+$/.test(path) && noSuchJob.test(message)) return new TransferError("no-such-file", said, about);
  // No SSH connection from the gateway to the cluster, or none left.
  if (reply.status === 424) return new ConnectError("connection-lost", said, about);
  return path.endsWith("/jobs") && noJob.test(message) && !perhaps.test(message)
    ? new ConnectError("channel-failed", said, about)
    : undefined;
}
