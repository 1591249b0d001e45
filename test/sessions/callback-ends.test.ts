/* A function of this program can be called by the host as long as what it was given to lasts, and not a moment longer, whatever the host asks for. */
import { RemoteClient, type RemoteIterable } from "@sremote/client";
import { decodeFrame, encodeFrame, encodePacket, type Packet, packetKinds } from "@sremote/protocol";
import { expect, test } from "vitest";
import { hostileSession } from "../support/hostile-session.ts";
import { rejection } from "../support/rejection.ts";

const seven = '{"type":"result","outcome":"value","value":{"json":7}}';
const custom = (kind: string): string =>
  `{"type":"result","outcome":"value","value":{"json":{"id":1,"type":"T"},"meta":{"values":[["custom","${kind}"]],"v":1}}}`;
const failed = (outcome: string, code: string): string =>
  `{"type":"result","outcome":"${outcome}","error":{"code":"${code}","stage":"call","message":"no"}}`;
const last = '{"type":"result","outcome":"value","value":{"json":{"done":true,"value":null}}}';

/**
 * A client whose host gives these results to its calls in turn. To the last one it first asks for the function that was given to the first.
 * @returns what the client has answered to that, once it has
 */
function start(...results: string[]): { client: RemoteClient; answer: Promise<Record<string, unknown>> } {
  const answer = Promise.withResolvers<Record<string, unknown>>();
  let calls = 0;
  const say = (stream: number, header: string, flags: number): Uint8Array[] =>
    encodePacket(packetKinds.data, stream, encodeFrame(header), { flags, worker: 1 });
  const connector = hostileSession({
    packet: ({ kind, stream, payload }: Packet, host) => {
      if (kind === packetKinds.open) {
        calls += 1;
        if (calls < results.length) host.say(...say(stream, results[calls - 1]!, 1));
        else host.say(...say(stream, '{"type":"ask","ask":1,"callback":1,"args":{"json":["late"]}}', 0));
      } else if (kind === packetKinds.data) {
        answer.resolve(decodeFrame(Uint8Array.from(payload)).header);
        host.say(...say(stream, results.at(-1)!, 1));
      }
    },
  });
  return { client: new RemoteClient(connector), answer: answer.promise };
}

const ended = { type: "answer", error: { message: "the call to which this callback was given has ended" } };

test("during its call it is called", async () => {
  const { client, answer } = start(seven);
  await using _ = client;
  expect((await client.doRemoteCall("m", "f", [(text: string) => `${text} is fine`])).value).toBe(7);
  expect(await answer).toMatchObject({ type: "answer", value: { json: "late is fine" } });
});

const never = (): never => expect.unreachable();

test.each([
  ["gave a value", seven],
  ["raised", failed("raised", "raised")],
  ["was killed", failed("killed", "killed")],
  ["was not run", failed("not-run", "module-missing")],
])("not after the call, which %s", async (_, result) => {
  const { client, answer } = start(result, seven);
  await using own = client;
  await own.doRemoteCall("m", "f", [never]).catch(() => undefined);
  expect((await own.doRemoteCall("m", "g")).value).toBe(7);
  expect(await answer).toMatchObject(ended);
});

test("not where another of the arguments could not travel", async () => {
  const { client, answer } = start(seven);
  await using _ = client;
  expect(await rejection(client.doRemoteCall("m", "f", [never, Symbol("no")]))).toMatchObject({ code: "unserializable-argument" });
  expect((await client.doRemoteCall("m", "g")).value).toBe(7);
  expect(await answer).toMatchObject(ended);
});

test.each(["at its end", "closed"])("a generator has it until it is %s", async (how) => {
  const { client, answer } = start(custom("iterator"), how === "closed" ? seven : last, seven);
  await using _ = client;
  const { value } = await client.doRemoteCall<RemoteIterable>("m", "f", [never]);
  if (how === "closed") await value.return();
  else expect(await value.next()).toEqual({ done: true, value: null });
  expect((await client.doRemoteCall("m", "g")).value).toBe(7);
  expect(await answer).toMatchObject(ended);
});

test("an object has it until it is released", async () => {
  const { client, answer } = start(custom("object"), seven, seven);
  await using _ = client;
  const { value } = await client.doRemoteCall("m", "f", [never], { returns: "object" });
  await value.release();
  expect((await client.doRemoteCall("m", "g")).value).toBe(7);
  expect(await answer).toMatchObject(ended);
});

test.each([
  ["a generator", "iterator", {}],
  ["an object", "object", { returns: "object" }],
] as const)("%s that is still there may call it", async (_name, kind, options) => {
  const { client, answer } = start(custom(kind), seven);
  await using own = client;
  await own.doRemoteCall("m", "f", [(text: string) => `${text} is fine`], options);
  expect((await own.doRemoteCall("m", "g")).value).toBe(7);
  expect(await answer).toMatchObject({ type: "answer", value: { json: "late is fine" } });
});
