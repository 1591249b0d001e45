import { DeadlineTimer } from "@sremote/protocol";

/** Calls back once so many milliseconds have passed, however many these are; null is never. Returns a function that takes it back. */
export function after(milliseconds: number | null, callback: () => void): () => void {
  if (milliseconds === null || milliseconds === Infinity) return () => undefined;
  const timer = new DeadlineTimer(milliseconds, callback);
  return () => timer.stop();
}
