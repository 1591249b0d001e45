import { SremoteError } from "@sremote/protocol";
import { expect } from "vitest";

type ErrorClass<E> = abstract new (...args: never[]) => E;

/** The error a promise rejects with, which must be of this class: one of ours where none is named. */
export async function rejection(promise: PromiseLike<unknown>): Promise<SremoteError>;
export async function rejection<E>(promise: PromiseLike<unknown>, type: ErrorClass<E>): Promise<E>;
export async function rejection(promise: PromiseLike<unknown>, type: ErrorClass<unknown> = SremoteError): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) expect.fail(`expected a rejection, but it resolved to ${JSON.stringify(outcome.value)}`);
  expect(outcome.error).toBeInstanceOf(type);
  return outcome.error;
}
