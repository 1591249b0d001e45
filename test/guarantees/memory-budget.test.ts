/*
 * G11 G20 All limits together: a host that fills every buffer at once takes at most 64 MiB of a connection, beyond what the caller asked for. Measured in a program of its
 * own, by itself.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { hostLimits } from "@sremote/protocol";
import { expect, test } from "vitest";
import type { Taken } from "../support/budget-child.ts";
import { allowed, mebibyte } from "../support/flood.ts";

async function takenOver(way: string): Promise<Taken> {
  const child = fork(fileURLToPath(new URL("../support/budget-child.ts", import.meta.url)), [way]);
  const [taken] = (await once(child, "message")) as [Taken];
  await once(child, "exit");
  expect(taken.isFull, way).toBe(true);
  return taken;
}

test("a session, and seven processes that nobody reads beside it", async () => {
  const [session, ssh] = [await takenOver("session"), await takenOver("ssh")];
  // Asks have 8 MiB and 4,096 objects, and each channel over SSH its window: less would mean that the host did not do what it should.
  expect(session.inUse).toBeGreaterThan(12 * mebibyte);
  expect(ssh.inUse).toBeGreaterThan(18 * mebibyte);
  expect(session.inUse + ssh.inUse + hostLimits.unsent).toBeLessThan(allowed);
  // What the system has given to the program, garbage that is not given back yet included: each in a program that has done the like with a host that means well.
  expect({ session: session.rss < allowed, ssh: ssh.rss < allowed }, `${session.rss}, ${ssh.rss}`).toEqual({ session: true, ssh: true });
});
