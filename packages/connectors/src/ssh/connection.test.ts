import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { expect, test, vi } from "vitest";
import { Connection } from "./connection.ts";

test("what throws when a channel is taken over rejects the start, and is not thrown out of ssh2's reading of the socket", async () => {
  const close = vi.fn<() => void>();
  const thrown: unknown[] = [];
  const exec = (_line: string, _options: object, done: (error: undefined, channel: ClientChannel) => void): void => {
    // As ssh2: from where it reads what the host sends.
    setImmediate(() => {
      try {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no more of it is used
        done(undefined, { close } as unknown as ClientChannel);
      } catch (error) {
        thrown.push(error);
      }
    });
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no more of it is used
  const client = Object.assign(new EventEmitter(), { exec, destroy: () => undefined }) as unknown as Client;
  const connection = new Connection(client, new PassThrough(), "ssh://host", undefined, { refusal: () => undefined, isSingle: false });
  const take = (): never => {
    throw new Error("boom");
  };
  await expect(connection.exec("true", { startTimeout: 5000 }, take)).rejects.toThrow("boom");
  expect([thrown, close.mock.calls.length, connection.isOpen, connection.inUse]).toEqual([[], 1, true, 0]);
});
