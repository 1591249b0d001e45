/* In the place of node:timers/promises: on the timers that are installed. */

export async function fakeTimerPromises(original: () => Promise<typeof import("node:timers/promises")>): Promise<object> {
  return { ...(await original()), setTimeout: wait };
}

function wait(milliseconds: number, value: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(new DOMException("The operation was aborted", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    }, milliseconds);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
