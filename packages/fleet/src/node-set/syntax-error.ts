import { InvalidArgumentError } from "@sremote/protocol";

/** An error that shows where in the node set it is: columns count from 1. */
export function syntaxError(text: string, index: number, expected: string, argument = "nodes"): InvalidArgumentError {
  return new InvalidArgumentError(`${argument} must have ${expected} at column ${index + 1} of ${JSON.stringify(shorten(text))}`);
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}
