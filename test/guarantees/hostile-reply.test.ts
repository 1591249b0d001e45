import { RemoteClient } from "@sremote/client";
import type { Command, Connector, ExecResult } from "@sremote/connectors";
import { encodeFrame, SremoteError } from "@sremote/protocol";
import { expect, test } from "vitest";

/** A host that is reached all right, and lies: `answer` gets the two halves of the marker and the call's id. */
function hostileHost(answer: (id: string) => Uint8Array): { connector: Connector; pulled: string[]; executed: Command[] } {
  const pulled: string[] = [];
  const executed: Command[] = [];
  const connector: Connector = {
    label: "hostile://",
    acceptsStdin: true,
    async exec(command, options): Promise<ExecResult> {
      executed.push(command);
      const argv = command as readonly string[];
      const [a = "", b = ""] = argv.slice(5, 7);
      const stdin = Buffer.concat([options?.stdin ?? []].flat());
      const id = /"id":"([0-9a-f]{32})"/.exec(stdin.toString("latin1"))?.[1] ?? "";
      return { exitCode: 0, signal: null, stdout: Buffer.concat([Buffer.from(b + a), answer(id)]), stderr: new Uint8Array() };
    },
    push: async () => undefined,
    pull: async (path) => void pulled.push(path),
    status: async () => ({ ok: true, message: "reached" }),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { connector, pulled, executed };
}

const facts = '{"runtime":"python","version":"3.11.2","executable":"/x","platform":"linux","pid":1,"home":"/","base":"/b","endpoint":null}';
const output = '{"bytes":0,"truncated":false}';
const reply = (id: string, members: string, host = facts): string =>
  `{"type":"reply","protocol":1,"id":"${id}","stdout":${output},"stderr":${output},"host":${host}${members}}`;
const framed = (text: string, attachments: Uint8Array[] = []): Uint8Array => Buffer.concat(encodeFrame(text, attachments));

async function outcome(answer: (id: string) => Uint8Array): Promise<{ value?: unknown; error?: unknown }> {
  const { connector } = hostileHost(answer);
  const client = new RemoteClient(connector);
  try {
    return { value: (await client.doRemoteCall("os", "getpid")).value };
  } catch (error) {
    return { error };
  } finally {
    await client.close();
  }
}

test("G05 an honest-looking reply is believed, so that the cases below test what they claim", async () => {
  expect(await outcome((id) => framed(reply(id, ',"outcome":"value","value":{"json":7}')))).toEqual({ value: 7 });
});

const attacks: Record<string, (id: string) => Uint8Array> = {
  "not a frame": () => Buffer.from("<html>502 Bad Gateway</html>"),
  "an empty answer": () => new Uint8Array(),
  "a frame that announces a gigabyte": () => framed("{}").subarray(0, 24),
  "JSON that is no message": () => framed("[]"),
  "an unknown type": () => framed('{"type":"eval","code":"process.exit()"}'),
  "the reply of another call": () => framed(reply("0".repeat(32), ',"outcome":"value","value":{"json":7}')),
  "a class": (id) => framed(reply(id, ',"outcome":"value","value":{"json":{},"meta":{"values":[["class","Map"]],"v":1}}')),
  "a symbol": (id) => framed(reply(id, ',"outcome":"value","value":{"json":"x","meta":{"values":[["symbol","iterator"]],"v":1}}')),
  "annotations that reach into a prototype": (id) =>
    framed(
      reply(
        id,
        ',"outcome":"value","value":{"json":{},"meta":{"values":{"__proto__.polluted":["Date"],"constructor.prototype.polluted":["undefined"]},"v":1}}',
      ),
    ),
  references: (id) =>
    framed(reply(id, ',"outcome":"value","value":{"json":[{},{}],"meta":{"referentialEqualities":{"0":["1"]},"values":{},"v":1}}')),
  "an attachment that is not there": (id) =>
    framed(reply(id, ',"outcome":"value","value":{"json":{"index":3},"meta":{"values":[["custom","bytes"]],"v":1}}')),
  "one attachment for many values": (id) =>
    framed(
      reply(
        id,
        ',"outcome":"value","value":{"json":[{"index":0},{"index":0}],"meta":{"values":{"0":[["custom","bytes"]],"1":[["custom","bytes"]]},"v":1}}',
      ),
      [new Uint8Array(8)],
    ),
  "an array of more elements than bytes": (id) =>
    framed(
      reply(
        id,
        ',"outcome":"value","value":{"json":{"index":0,"dtype":"float64","shape":[4294967296,4294967296],"order":"C"},"meta":{"values":[["custom","ndarray"]],"v":1}}',
      ),
      [new Uint8Array(8)],
    ),
  "a value nested 100,000 deep": (id) =>
    framed(reply(id, `,"outcome":"value","value":{"json":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)),
  "a bigint of a million digits": (id) =>
    framed(reply(id, `,"outcome":"value","value":{"json":"${"9".repeat(1_000_000)}","meta":{"values":["bigint"],"v":1}}`)),
  "a pattern that is none": (id) => framed(reply(id, ',"outcome":"value","value":{"json":"/(/","meta":{"values":["regexp"],"v":1}}')),
  "an outcome that is none": (id) => framed(reply(id, ',"outcome":"fine"')),
  "a failure that is none": (id) => framed(reply(id, ',"outcome":"raised","error":{"code":1,"stage":"call","message":{}}')),
  "a cause chain 10,000 long": (id) => {
    const one = '{"code":"raised","stage":"call","message":"x","cause":';
    return framed(
      reply(
        id,
        `,"outcome":"raised","error":${one.repeat(60)}{"code":"raised","stage":"call","message":"x"}${"}".repeat(60)}`.replace(
          one,
          one.repeat(200),
        ),
      ),
    );
  },
  "output that is longer than told": (id) =>
    framed(reply(id, ',"outcome":"value","value":{"json":7}').replace(output, '{"index":0,"bytes":1,"truncated":false}'), [
      new Uint8Array(8),
    ]),
};

test.each(Object.entries(attacks))("G05 %s is an error of ours, and nothing is polluted", async (_name, answer) => {
  const { error, value } = await outcome(answer);
  expect(value).toBeUndefined();
  expect(error).toBeInstanceOf(SremoteError);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("G05 names such as __proto__ in a value are data", async () => {
  const { value } = await outcome((id) =>
    framed(reply(id, ',"outcome":"value","value":{"json":{"__proto__":{"polluted":1},"constructor":2}}')),
  );
  expect(Object.keys(value as object)).toEqual(["__proto__", "constructor"]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("G05 G08 facts that a host makes up reach no shell unquoted, and no file of this machine", async () => {
  const evil = facts.replace('"/b"', '"/b; touch /tmp/owned $(touch /tmp/owned)"').replace('"/x"', '"-rf"');
  const { connector, executed } = hostileHost((id) => framed(reply(id, ',"outcome":"value","value":{"json":7}', evil)));
  const client = new RemoteClient(connector);
  await client.doRemoteCall("os", "getpid");
  await client.doRemoteCall("os", "getpid");
  await client.close();
  for (const command of executed) expect(Array.isArray(command)).toBe(true);
  const release = executed.at(-1) as readonly string[];
  expect(release.slice(0, 3)).toEqual(["rm", "-rf", "--"]);
});
