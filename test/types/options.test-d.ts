/* Options: the right ones, and mistakes that a compiler finds. */
import {
  type CallEvent,
  type Connector,
  createConnector,
  firecrest,
  jupyter,
  local,
  NdArray,
  newt,
  openssh,
  RemoteClient,
  RemoteExecError,
  sfapi,
  shell,
  SremoteError,
  ssh,
} from "sremote";
import { typed } from "./same.js";

export async function ofClients(connector: Connector): Promise<void> {
  await using client = new RemoteClient(connector, { runtime: "node", workers: 2 });
  // @ts-expect-error -- no option of it
  void new RemoteClient(connector, { runtme: "node" });
  // @ts-expect-error -- no such runtime
  void new RemoteClient(connector, { runtime: "ruby" });
  // @ts-expect-error -- a connector, not a host's name
  void new RemoteClient("me@host");
  client.call("m", "f", [1, "a", new Date()], { kwargs: { b: 2 }, timeout: 1000, signal: AbortSignal.timeout(1) });
  client.call("m", "f", { a: 1 });
  // @ts-expect-error -- milliseconds are a number
  client.call("m", "f", [], { timeout: "1s" });
  // @ts-expect-error -- no option of it
  client.call("m", "f", [], { timeuot: 1000 });
  // @ts-expect-error -- arguments are a list or an object
  client.call("m", "f", "argument");
  // @ts-expect-error -- variables are text
  client.call("m", "f", [], { env: { A: 1 } });
  // @ts-expect-error -- a function has a name
  client.call("m");
  // A value of unknown kind must be looked at.
  const { value } = await client.doRemoteCall("m", "f");
  if (typeof value === "string") typed<string>()(value);
}

export function ofEvents(client: RemoteClient): void {
  const remove = client.on("call", (event) => {
    typed<CallEvent>()(event);
    typed<number>()(event.duration);
  });
  typed<() => void>()(remove);
  client.on("disconnect", ({ resumes }) => typed<boolean>()(resumes));
  client.on("connect", async () => undefined);
  // @ts-expect-error -- no such event
  client.on("calls", () => undefined);
  // @ts-expect-error -- events of links have no module
  client.on("reconnect", ({ module }) => module);
}

export async function ofConnectors(): Promise<void> {
  ssh("me@host");
  ssh({ host: "host", port: 22 });
  openssh("me@host");
  const here = local();
  typed<Connector>()(here);
  typed<Uint8Array>()((await here.exec(["ls", "-l"])).stdout);
  await here.exec(shell("ls | wc"));
  // @ts-expect-error -- a text is no command: `shell` says that it is a script
  await here.exec("ls");
  // @ts-expect-error -- no program is no command
  await here.exec([]);
  // @ts-expect-error -- an option that is missing
  newt({});
  // @ts-expect-error -- an option that is missing
  jupyter({});
  // @ts-expect-error -- an option that is missing
  sfapi({});
  // @ts-expect-error -- an option that is missing
  firecrest({});
  // @ts-expect-error -- exec, push and pull are needed
  createConnector({ label: "mine://" });
}

export function ofErrors(error: unknown): void {
  if (error instanceof RemoteExecError) {
    typed<string>()(error.message);
    const base: SremoteError = error;
    // @ts-expect-error -- no code of ours
    if (base.code === "timed-out") return;
    if (base.code === "timeout") return;
  }
}

export function ofArrays(): void {
  const array = new NdArray(new Float64Array(4), [2, 2]);
  typed<number>()(array.shape.length);
  // @ts-expect-error -- a shape is numbers
  void new NdArray(new Float64Array(4), ["2", "2"]);
}
