/* What a command left, as its task tells it: JSON in a text. */

export interface TaskResult {
  readonly output: string;
  readonly error: string;
}

/** Whatever the text is. Where it is no JSON, nothing is known of the output, and the files tell. */
export function taskResult(text: string): TaskResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { output, error } = (typeof value === "object" && value !== null ? value : {}) as { output?: unknown; error?: unknown };
  return { output: typeof output === "string" ? output : "", error: typeof error === "string" ? error : "" };
}
