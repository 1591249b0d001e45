/** Node takes no longer timers: beyond, they fire at once. */
const longest = 2 ** 31 - 1;

/** Calls back once so many milliseconds have passed, however many these are; null is never. Returns a function that takes it back. */
export function after(milliseconds: number | null, callback: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (left: number): void => {
    timer = setTimeout(() => (left > longest ? wait(left - longest) : callback()), Math.min(left, longest));
  };
  if (milliseconds !== null && milliseconds < Infinity) wait(milliseconds);
  return () => clearTimeout(timer);
}
