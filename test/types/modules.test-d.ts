/* Modules as objects, whose members are known or not. */
import { float, int, local, RemoteClient, type RemoteIterable, type RemoteObject } from "sremote";
import { typed } from "./same.js";

const client = new RemoteClient(local());

interface Lab {
  readonly limit: number;
  shorten(text: string, width: number, placeholder?: string): string;
  lines(path: string): Generator<string, void, undefined>;
  load(path: string): Promise<Map<string, number>>;
  sum(...numbers: number[]): number;
  Model: { new (size: number): { predict(x: number): number }; default(): { predict(x: number): number } };
  readonly nested: { readonly deep: { now(): Date } };
}

export async function known(): Promise<void> {
  const lab = client.module<Lab>("lab");
  typed<string>()(await lab.shorten("text", 11));
  typed<string>()(await lab.shorten("text", 11, "…"));
  typed<string>()(await lab.shorten("text", int(11n)));
  typed<number>()(await lab.sum(float(1), 2));
  // @ts-expect-error -- a text is no number
  await lab.shorten(float(1), 11);
  typed<string>()(await lab.shorten("text", client.kwargs({ width: 11 })));
  typed<string>()(await lab.shorten(client.kwargs({ text: "text", width: 11 })));
  typed<string>()(await lab.shorten("text", client.call<number>("m", "width")));
  typed<RemoteIterable<string>>()(await lab.lines("f"));
  typed<Map<string, number>>()(await lab.load("f"));
  typed<number>()(await lab.sum(1, 2, 3, client.kwargs({ start: 4 })));
  typed<{ predict(x: number): number }>()(await lab.Model(1));
  typed<{ predict(x: number): number }>()(await lab.Model.default());
  typed<Date>()(await lab.nested.deep.now());
  // @ts-expect-error -- a function that it does not have
  void lab.shortn;
  // @ts-expect-error -- an argument of another type
  await lab.shorten(1, 11);
  // @ts-expect-error -- an argument is missing
  await lab.shorten("text");
  // @ts-expect-error -- keyword arguments go last
  await lab.shorten(client.kwargs({}), "text");
  // @ts-expect-error -- a constant is read by client.constant
  void lab.limit;
  // @ts-expect-error -- a module is no function
  await lab();
  // @ts-expect-error -- `then` is never asked of the host
  void lab.then;
}

export async function keptOnTheHost(): Promise<void> {
  const lab = client.module<Lab>("lab", { returns: "object" });
  typed<RemoteObject<Map<string, number>>>()(await lab.load("f"));
  const model = await lab.Model(3);
  typed<number>()(await model.call("predict", [1]).value);
}

export async function ofNode(): Promise<void> {
  const os = client.module<typeof import("node:os")>("node:os", { runtime: "node" });
  typed<string>()(await os.hostname());
  const path = client.module<typeof import("node:path")>("node:path", { runtime: "node" });
  typed<string>()(await path.posix.join("a", "b"));
  // @ts-expect-error -- no function of it
  void os.hostnam;
}

export async function unknown(): Promise<void> {
  const platform = client.module("platform");
  console.log(await platform.python_version());
  console.log(await platform.some.thing.else(1, client.kwargs({ a: 1 })));
}
