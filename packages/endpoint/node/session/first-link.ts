/* The first link of a session: standard input and output, which can be closed as any other link. */
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { crash } from "../crash.ts";
import { loadNet } from "../host/lazy.ts";

const numbers = [0, 1, 2] as const;

/** Node's own `process.stdin` and `process.stdout` cannot be closed. @throws where they are neither pipes nor sockets */
export function openStandardStreams(): { input: Socket; output: Socket } {
  const { Socket: PipeEnd } = loadNet();
  const input = new PipeEnd({ fd: 0, readable: true, writable: false });
  const output = new PipeEnd({ fd: 1, readable: false, writable: true });
  const closed = [input, output].map((stream) => new Promise((resolve) => stream.once("close", resolve)));
  Promise.all(closed).then(letGo).catch(crash);
  return { input, output };
}

/**
 * The client's channel ends only when no process holds any of the three; Node leaves them open when their streams are closed. The numbers stay taken,
 * so that nothing else gets them.
 */
function letGo(): void {
  for (const fd of numbers) {
    closeSync(fd);
    openSync("/dev/null", "r+"); // It gets the lowest number that is free, which is this one.
  }
}
