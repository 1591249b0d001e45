/* Comparing bytes: the difference of two large arrays, drawn by `assert.deepEqual`, would take minutes and gigabytes. */
import assert from "node:assert/strict";

export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  const where = at < 0 ? "the end" : `byte ${at}`;
  assert.fail(`${what}: ${actual.length} bytes instead of ${expected.length}, or others, from ${where} on`);
}
