import { arrayOf, integer, members, oneOf, orNull, recordOf, string, wrong, type Check } from "./check.ts";
import { codeNames } from "./code.ts";
import { ProtocolError } from "./error.ts";
import { textLimits } from "./text-limits.ts";
import { limits } from "./limits.ts";
import type { Stage } from "./message.ts";

const stages: readonly Stage[] = ["request", "setup", "queue", "import", "lookup", "arguments", "call", "result"];

const frame: Check = members({ file: string, line: integer, function: string, source: orNull(string) });

const scalar: Check = (value, path) => {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    throw wrong(path, "text, a number, true or false");
};
const memberSet: Check = (value, path) => {
  recordOf(scalar)(value, path);
  if (Object.keys(value as object).length > textLimits.failureMembers)
    throw new ProtocolError("limit-exceeded", `${path}: more than ${textLimits.failureMembers} members`);
};

/** Check a failure as a host sent it, with all that hangs on it, to a bounded depth. @throws ProtocolError naming the member */
export const checkFailure: Check = failureAt(1);

function failureAt(depth: number): Check {
  return (value, path) => {
    if (depth > limits.failureDepth)
      throw new ProtocolError("limit-exceeded", `${path}: failures nest more than ${limits.failureDepth} deep`);
    const deeper: Check = (inner, innerPath) => failureAt(depth + 1)(inner, innerPath);
    members(
      { code: oneOf(codeNames), stage: oneOf(stages), message: string },
      {
        type: string,
        module: string,
        frames: arrayOf(frame),
        members: memberSet,
        cause: deeper,
        context: deeper,
        notes: arrayOf(string),
        exceptions: arrayOf(deeper),
        path: string,
        names: arrayOf(string),
        hint: string,
      },
    )(value, path);
  };
}
