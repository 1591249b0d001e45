import { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { joinWrites } from "./join-writes.ts";

it("what is written in one turn goes out together, in order, and later writes after it", async () => {
  const groups: string[][] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, callback) => {
      groups.push([chunk.toString()]);
      callback();
    },
    writev: (chunks, callback) => {
      groups.push(chunks.map(({ chunk }) => (chunk as Buffer).toString()));
      callback();
    },
  });
  joinWrites(socket);
  for (const text of ["length", "body", "tag"]) socket.write(text);
  expect(groups).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(groups).toEqual([["length", "body", "tag"]]);
  await new Promise<void>((resolve) => {
    socket.write("next", () => resolve());
  });
  expect(groups).toEqual([["length", "body", "tag"], ["next"]]);
});
