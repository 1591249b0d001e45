import { SremoteError } from "@sremote/protocol";
import { expect } from "vitest";

/** The error a promise rejects with, which must be of this class: one of ours where none is named. */
export async function rejection<E = SremoteError>(
  promise: PromiseLike<unknown>,
  type: abstract new (...args: never[]) => E = SremoteError as abstract new (...args: never[]) => E,
): Promise<E> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) expect.fail(`expected a rejection, but it resolved to ${JSON.stringify(outcome.value)}`);
  expect(outcome.error).toBeInstanceOf(type);
  return outcome.error as E;
}
