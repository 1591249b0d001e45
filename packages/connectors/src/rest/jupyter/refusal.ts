/* What a Jupyter Server, a JupyterHub or a proxy before them means with a status. */
import { ConnectError, TransferError } from "@sremote/protocol";
import type { SremoteError } from "@sremote/protocol";
import { codeOfMessage } from "../../transfer/error.ts";
import type { HttpRequest, HttpReply } from "../http.ts";
import { saidOf } from "../said.ts";

/** Undefined: what the status says. */
export function refusal(
  reply: HttpReply,
  { path, accept }: HttpRequest,
  label: string,
  redact: (text: string) => string,
): SremoteError | undefined {
  const { status } = reply;
  // What is an answer to who asks. An accepted 500 is read here.
  if (status < 400 || (status !== 500 && accept?.includes(status) === true)) return undefined;
  const message = reply.object?.["message"];
  const said = redact(typeof message === "string" ? message : saidOf(reply.text, reply.header("content-type") ?? "")).slice(0, 300);
  const about = { stage: "http", host: label };
  // A file that cannot be written is 500, with the system's words.
  if (status === 500) {
    const code = codeOfMessage(said);
    if (code === "disk-full" || code === "permission-denied") return new TransferError(code, `the server says: ${said}`, about);
    return new ConnectError("connection-lost", `the server failed: HTTP status 500: ${said}`, about);
  }
  // The hub answers in place of a server that does not run.
  const isOfHub = /jupyterhub|hub\b/i.test(said) || status === 424;
  if (isOfHub && (status === 424 || status === 503 || status === 404)) {
    return new ConnectError("connect-failed", `the hub has no running server there (status ${status}): ${said}`, {
      ...about,
      hint: "start it on the hub's page; and the path of `baseUrl` must be `/user/<name>`, or `/user/<name>/<server>`",
    });
  }
  // The server's own replies to these are JSON.
  if (status === 404 && /^\/api(\/|$)/.test(path) && reply.object === undefined) {
    return new ConnectError("connect-failed", `there is no Jupyter Server at this path (status 404)`, {
      ...about,
      hint: "the path of `baseUrl` must be the server's `base_url`, as `jupyter server list` prints it; behind JupyterHub `/user/<name>`",
    });
  }
  return undefined;
}
