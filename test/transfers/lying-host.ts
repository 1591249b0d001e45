/* A host that says whatever a test wants: a connector whose process is one of this test. */
import { PassThrough } from "node:stream";
import { local } from "@sremote/connectors";
import type { Connector, SpawnedProcess } from "@sremote/connectors";

export const json = (kind: string, value: unknown): Buffer => frame(kind, Buffer.from(JSON.stringify(value)));

export function frame(kind: string, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind, 0, "latin1");
  head.writeUInt32LE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

/** Many small files in one frame. */
export function batch(heads: unknown, content: string): Buffer {
  const text = Buffer.from(JSON.stringify(heads));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return frame("S", Buffer.concat([length, text, Buffer.from(content)]));
}

type Answer = (request: { op: string }) => Iterable<Buffer>;

/** @param answer what is printed for each request, in place of what an honest host would */
export function lyingHost(answer: Answer): Connector {
  const honest = local();
  return {
    ...honest,
    label: "lying://",
    async spawn(command): Promise<SpawnedProcess> {
      if (!("shell" in command)) throw new Error("only the program of transfers is expected");
      const [, second, first] = /printf '%s%s-' (\w+) (\w+)/.exec(command.shell) ?? [];
      const size = Number(/' (\d+) \w+ \w+\n/.exec(command.shell)?.[1]);
      const stdin = new PassThrough();
      const stdout = new PassThrough();
      const { promise: exit, resolve } = Promise.withResolvers<{ exitCode: number; signal: null }>();
      const end = (): void => {
        stdout.end();
        resolve({ exitCode: 0, signal: null });
      };
      stdout.write(`${second}${first}+`);
      let input = Buffer.alloc(0);
      let skip = size;
      stdin.on("data", (chunk: Buffer) => {
        input = Buffer.concat([input, chunk]);
        if (skip > 0) {
          if (input.length < skip) return;
          input = input.subarray(skip);
          skip = 0;
        }
        while (input.length >= 5 && input.length >= 5 + input.readUInt32LE(1)) {
          const length = input.readUInt32LE(1);
          const payload = input.subarray(5, 5 + length).toString();
          if (input[0] === 0x4a) for (const each of answer(JSON.parse(payload) as { op: string })) stdout.write(each);
          input = input.subarray(5 + length);
        }
      });
      stdin.on("end", end).on("close", end).on("error", end);
      return { stdin, stdout, stderr: new PassThrough().end(), exit, kill: async () => end(), [Symbol.asyncDispose]: async () => end() };
    },
  };
}
