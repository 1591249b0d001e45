/* One function for many items (PROTOCOL.md, "Many items"): results in order, and a failure costs its item. */
import { SremoteError, type CallMessage } from "@sremote/protocol";
import { asOurs } from "../host/standard.ts";
import { partPace } from "../wire/limits.ts";
import { Begun } from "./begun.ts";
import { apply, describeUnserializable, find, plainly, raised, refused, type Running, type Sought, type Result } from "./dispatch.ts";
import { describeThrown } from "./failure.ts";
import { ItemResults, type SendPart, type SentItems } from "./item-results.ts";

export interface ManyCall extends Pick<CallMessage, "module" | "function"> {
  each?: CallMessage["each"];
  items: readonly unknown[];
  /** Passed after the positional arguments of each. */
  kwargs: unknown;
}

export interface ManyOptions {
  /** For packages installed by us. */
  base: string;
  /** Where the number of items that have begun can be left. */
  paths: readonly string[];
  running?: Running;
  sought?: Sought | undefined;
  send?: SendPart | undefined;
}

/** As it was before any code of the user's ran. */
const now = performance.now.bind(performance);

/** What came of the items that no part had; or why none of them ran. */
export async function performMany(call: ManyCall, options: ManyOptions): Promise<SentItems | Result> {
  const { items, each, kwargs } = call;
  const { running = plainly, send } = options;
  if (each === "args" && !items.every((item) => Array.isArray(item))) {
    return refused({ code: "protocol-error", stage: "arguments", message: "an entry of the args must be an array of arguments" });
  }
  const found = options.sought ?? (await find(call, [], options.base, running));
  if (!("callable" in found)) {
    if (!("returned" in found)) return found;
    return refused({ code: "bad-arguments", stage: "arguments", message: "a constant cannot be read for many items" });
  }
  const name = `${call.module}.${call.function}`;
  const results = new ItemResults(name, send);
  const begun = new Begun(options.paths);
  try {
    let limit = 0;
    for (let index = 0; index < items.length; index++) {
      const args = each === "args" ? [...(items[index] as unknown[])] : [items[index]];
      if (kwargs !== undefined) args[args.length] = kwargs;
      begun.set(index + 1);
      try {
        const value = running.apply(() => apply(found, args));
        results.add(isThenable(value) ? await value : value);
      } catch (error) {
        results.fail("raised", describeThrown(error, "raised", "call"));
      }
      if (now() > limit && index < items.length - 1) {
        await asOurs(() => results.send());
        limit = now() + partPace;
      }
    }
    return await asOurs(() => results.last());
  } catch (error) {
    if (!(error instanceof SremoteError)) throw error;
    return raised(describeUnserializable(error, undefined, name));
  } finally {
    begun.remove();
  }
}

function isThenable(value: unknown): boolean {
  return (typeof value === "object" || typeof value === "function") && value !== null && "then" in value;
}
