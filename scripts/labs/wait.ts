/* Waiting where there is no event to await: polls with a deadline. */
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Polls until `check` gives something other than false, null or undefined; rejects after `timeout` ms, naming what was awaited. */
export async function until<T>(
  what: string,
  check: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  timeout = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const found = await check();
    if (found !== false && found !== null && found !== undefined) return found;
    if (Date.now() >= deadline) throw new Error(`not within ${timeout} ms: ${what}`);
    await delay(20);
  }
}

/** Whether something accepts TCP connections there. */
export function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
