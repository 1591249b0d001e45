/*
 * What a dialect makes of a service's replies. A reply of an unexpected form (`null` where an object should be) makes a hook throw a
 * TypeError; the caller gets an error of ours that says whose fault it is.
 */
import { ProtocolError, SremoteError } from "@sremote/protocol";
import type { RestDialect } from "./dialect.ts";

/** The dialect, whose hooks throw and reject with errors of ours only where a reply was not as expected. */
export function guardedDialect<T extends RestDialect>(dialect: T): T {
  const misread = (error: unknown): unknown => {
    if (error instanceof SremoteError || !(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError))
      return error;
    const summary = `a reply of the service could not be read: ${error.message.slice(0, 200)}`;
    return new ProtocolError("protocol-error", summary, { stage: "http", host: dialect.label, cause: error });
  };
  return new Proxy(dialect, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        try {
          const result: unknown = Reflect.apply(member, target, given);
          if (!(result instanceof Promise)) return result;
          return result.catch((error: unknown) => {
            throw misread(error);
          });
        } catch (error) {
          throw misread(error);
        }
      };
    },
  });
}
