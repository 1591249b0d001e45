/* Runs one call in this process: arguments, registered modules, module, function, result. */
import { decodeValue, encodeValue, limits, SremoteError, type Attachments, type CallMessage } from "@sremote/protocol";
import { asOurs } from "../host/standard.ts";
import { describeUnserializable, perform, raised, refused, type Result } from "../run/dispatch.ts";
import { describeRefusal } from "../run/failure.ts";
import type { SentItems } from "../run/item-results.ts";
import { performMany } from "../run/many.ts";
import { checkModules } from "../run/module-versions.ts";

/** Attachments of a reply that are not the value's: stdout and stderr. */
const reserved = 2;

/** @param attachments the request's @param base for packages installed by us */
export async function dispatch(call: CallMessage, attachments: Attachments, base: string): Promise<Result> {
  let args: unknown[];
  let kwargs: unknown;
  try {
    const decoded = decodeValue(call.args, attachments, { root: "args" });
    if (!Array.isArray(decoded)) throw new SremoteError("protocol-error", "args: not an array", { stage: "request" });
    args = decoded;
    if (call.kwargs !== undefined) kwargs = decodeValue(call.kwargs, attachments, { root: "kwargs" });
  } catch (error) {
    return refused(describeRefusal(error, "protocol-error", "request"));
  }
  let modules: Record<string, string | null> | undefined;
  try {
    if (call.modules !== undefined) modules = checkModules(call.modules, base);
  } catch (error) {
    return refused(describeRefusal(error, "module-missing", "import"));
  }
  const result =
    call.each === undefined
      ? await performOne(call, kwargs === undefined ? args : [...args, kwargs], base)
      : textOf(await performMany({ ...call, items: args, kwargs }, { base, paths: [`${base}/calls/${call.id}/begun`] }));
  return modules === undefined ? result : { ...result, modules };
}

async function performOne(call: CallMessage, args: unknown[], base: string): Promise<Result> {
  const performed = await perform(call, args, base);
  return "returned" in performed ? asOurs(() => encodeResult(performed.returned, call)) : performed;
}

function textOf(sent: SentItems | Result): Result {
  if ("outcome" in sent) return sent;
  const { value, attachments, failures } = sent;
  return { outcome: "value", value: JSON.stringify(value), attachments, failures };
}

function encodeResult(value: unknown, call: CallMessage): Result {
  const attachments: Uint8Array[] = [];
  try {
    const wire = encodeValue(value, "return", attachments, { code: "unserializable-result" });
    if (attachments.length + reserved > limits.attachments) {
      throw new SremoteError("limit-exceeded", `return: more than ${limits.attachments - reserved} attachments`, { stage: "result" });
    }
    return { outcome: "value", value: JSON.stringify(wire), attachments };
  } catch (error) {
    return raised(describeUnserializable(error, value, `${call.module}.${call.function}`));
  }
}
