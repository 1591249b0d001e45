/* Waiting for something on the host that sends no event. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is true. */
export async function until(what: string, ask: () => Promise<boolean>, milliseconds = 10_000): Promise<void> {
  for (const end = Date.now() + milliseconds; ; await delay(50)) {
    if (await ask()) return;
    assert.ok(Date.now() < end, `not within ${milliseconds} ms: ${what}`);
  }
}
