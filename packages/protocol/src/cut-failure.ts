/* What is kept of a failure that a host sends: as much as one that keeps to PROTOCOL.md sends, and no more (section "Failure"). */
import { textLimits } from "./text-limits.ts";
import { limits } from "./limits.ts";
import type { Failure } from "./message.ts";

/** Of more, the first half and the last half. */
const mostItems = textLimits.failureItems;

/** The failure with its texts and lists cut. All texts together have at most 1 MiB, each 64 Ki characters; what is cut ends with `…`. */
export function cutFailure(failure: Failure): Failure {
  let room: number = limits.failureText;
  const text = (given: string): string => {
    const most = Math.min(limits.failurePart, room);
    room -= Math.min(given.length, most);
    return given.length <= most ? given : `${given.slice(0, most)}…`;
  };
  const some = <T>(items: readonly T[], cut: (item: T) => T): T[] =>
    (items.length <= mostItems ? items : [...items.slice(0, mostItems / 2), ...items.slice(-mostItems / 2)]).map(cut);
  const visit = (one: Failure): Failure => {
    const { message, type, module, hint, path, frames, notes, names, exceptions, cause, context } = one;
    return {
      ...one,
      message: text(message),
      ...(type !== undefined && { type: text(type) }),
      ...(module !== undefined && { module: text(module) }),
      ...(hint !== undefined && { hint: text(hint) }),
      ...(path !== undefined && { path: text(path) }),
      ...(frames !== undefined && {
        frames: some(frames, (frame) => ({
          ...frame,
          file: text(frame.file),
          function: text(frame.function),
          source: frame.source === null ? null : text(frame.source),
        })),
      }),
      ...(notes !== undefined && { notes: some(notes, text) }),
      ...(names !== undefined && { names: some(names, text) }),
      ...(cause !== undefined && { cause: visit(cause) }),
      ...(context !== undefined && { context: visit(context) }),
      ...(exceptions !== undefined && { exceptions: some(exceptions, visit) }),
    };
  };
  return visit(failure);
}
