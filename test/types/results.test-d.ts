/* Results of calls: values, generators, objects that stay on the host. */
import { Call, type CallOptions, type CallResult, local, RemoteClient, RemoteIterable, RemoteObject } from "sremote";
import { typed } from "./same.js";

const client = new RemoteClient(local());

interface Counter {
  readonly total: number;
  label: string;
  most_common(n?: number): [string, number][];
  copy(): Counter;
  elements(): Generator<string, void, undefined>;
  later(): Promise<Date>;
  [Symbol.iterator](): Iterator<string>;
}

export async function values(): Promise<void> {
  typed<Call<number>>()(client.call<number>("math", "sqrt", [2]));
  typed<CallResult<number>>()(await client.call<number>("math", "sqrt", [2]));
  typed<number>()(await client.call<number>("math", "sqrt", [2]).value);
  typed<number>()((await client.doRemoteCall<number>("math", "sqrt", [2])).value);
  typed<string>()((await client.doRemoteCall<number>("math", "sqrt", [2])).stdout);
  typed<number>()(await client.constant<number>("math", "pi"));
  // Nothing is known where nothing was said.
  typed<unknown>()((await client.doRemoteCall("math", "sqrt", [2])).value);
  typed<unknown>()(await client.constant("math", "pi"));
  // @ts-expect-error -- what is unknown is no number
  (await client.call("math", "sqrt", [2])).value.toFixed();
  // @ts-expect-error -- nor is a call its value
  client.call<number>("math", "sqrt", [2]).toFixed();
  // Options that are only known when the program runs leave the choice open, and the value what it was called.
  const options: CallOptions = {};
  typed<Call<number>>()(client.call<number>("math", "sqrt", [2], options));
}

export async function generators(): Promise<void> {
  for await (const item of client.call<[string, string[]]>("os", "walk", ["/"]).items()) typed<[string, string[]]>()(item);
  const call = client.call<RemoteIterable<number>>("m", "numbers");
  for await (const item of call.items()) typed<number>()(item);
  const { value } = await call;
  typed<RemoteIterable<number>>()(value);
  for await (const item of value) typed<number>()(item);
  for await (const item of client.call("m", "numbers").items()) typed<unknown>()(item);
  for await (const line of call.stdout) typed<string>()(line);
  for await (const bytes of call.stdout.bytes()) typed<Uint8Array>()(bytes);
}

export async function objects(): Promise<void> {
  const { value: counter } = await client.call<Counter>("collections", "Counter", ["abc"], { returns: "object" });
  typed<RemoteObject<Counter>>()(counter);
  typed<[string, number][]>()(await counter.call("most_common", [1]).value);
  typed<[string, number][]>()(await counter.call("most_common", { n: 1 }).value);
  typed<[string, number][]>()(await counter.call("most_common", [client.call<number>("m", "n")]).value);
  typed<Date>()(await counter.call("later").value);
  for await (const item of counter.call("elements")) typed<string>()(item);
  typed<RemoteObject<Counter>>()((await counter.call("copy", [], { returns: "object" })).value);
  typed<number>()(await counter.get("total"));
  typed<RemoteObject<number>>()(await counter.get("total", { returns: "object" }));
  await counter.set("label", "x");
  typed<Counter>()(await counter.value());
  typed<number>()(await counter.item<number>("a"));
  for await (const item of counter) typed<string>()(item);
  // @ts-expect-error -- no method of it
  counter.call("most_commmon", [1]);
  // @ts-expect-error -- an attribute is no method
  counter.call("total");
  // @ts-expect-error -- no argument of this type
  counter.call("most_common", ["1"]);
  // @ts-expect-error -- no attribute of it
  await counter.get("totals");
  // @ts-expect-error -- no value of this type
  await counter.set("label", 1);
  const any: RemoteObject = counter;
  typed<number>()(await any.call<number>("total").value);
  typed<unknown>()(await any.get("total"));
  typed<unknown>()(await any.value());
  for await (const item of any) typed<unknown>()(item);

  typed<RemoteObject<Counter>>()((await client.doRemoteCall<Counter>("m", "f", [], { returns: "object" })).value);
  typed<RemoteObject<Counter>>()(await client.constant<Counter>("m", "f", { returns: "object" }));
  typed<RemoteObject>()((await client.doRemoteCall("m", "f", [], { returns: "object" })).value);
  typed<number>()((await any.apply<number>([1])).value);
}
