/* What the server says of its kernels. */
import { ConnectError } from "@sremote/protocol";
import type { RestContext } from "../dialect.ts";

/** Our sessions' paths begin so. */
export const sessionPrefix: string = "sremote-";
/** Milliseconds without a client after which a session of ours is taken for left over. */
const leftAfter = 3_600_000;

/** The name of a kernel that speaks Python: the wanted one, the server's default, or any. */
export async function kernelSpec(wanted: string | undefined, { http, signal }: RestContext, label: string): Promise<string> {
  const reply = (await http.send({ method: "GET", path: "/api/kernelspecs" }, signal)).json();
  const specs = Object.entries((reply["kernelspecs"] ?? {}) as Record<string, { spec?: { language?: unknown } }>);
  const names = specs.filter(([, { spec }]) => String(spec?.language).toLowerCase() === "python").map(([name]) => name);
  const usual = String(reply["default"]);
  const chosen = wanted ?? (names.includes(usual) ? usual : names[0]);
  if (chosen !== undefined && names.includes(chosen)) return chosen;
  const what = wanted === undefined ? "no kernel for Python" : `no kernel ${JSON.stringify(wanted)} for Python`;
  const others = specs.map(([name]) => JSON.stringify(name)).slice(0, 20);
  throw new ConnectError("connect-failed", `the server has ${what}`, {
    stage: "kernel",
    host: label,
    hint:
      others.length === 0 ? "install ipykernel beside Jupyter Server" : `it has ${others.join(", ")}; ipykernel gives it one for Python`,
  });
}

/** Deletes the sessions that clients left which died an hour ago or more. */
export async function sweep({ http, signal }: RestContext): Promise<void> {
  const reply = await http.send({ method: "GET", path: "/api/sessions" }, signal);
  const now = Date.parse(reply.header("date") ?? "");
  const sessions = reply.bytes.length === 0 ? [] : reply.value;
  if (!Array.isArray(sessions)) return;
  for (const session of sessions as (Listed | null)[]) {
    const { id, path, kernel } = session ?? {};
    if (typeof id !== "string" || typeof path !== "string" || !path.startsWith(sessionPrefix)) continue;
    const last = Date.parse(String(kernel?.last_activity));
    if (kernel?.connections !== 0 || !(now - last > leftAfter)) continue;
    await http.send({ method: "DELETE", path: `/api/sessions/${encodeURIComponent(id)}`, accept: [404, 410] }, signal);
  }
}

interface Listed {
  readonly id?: unknown;
  readonly path?: unknown;
  readonly kernel?: { readonly last_activity?: unknown; readonly connections?: unknown };
}
