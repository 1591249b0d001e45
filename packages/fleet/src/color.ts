/* Whether text is coloured. */

/** `auto`: where people read it, and where `NO_COLOR` (no-color.org) does not say otherwise. */
export type ColorChoice = boolean | "auto";

/** @param streams where it is shown @param choices the first that says something counts */
export function isColored(
  streams: readonly { readonly isTTY?: boolean | undefined }[],
  ...choices: readonly (ColorChoice | undefined)[]
): boolean {
  const choice = choices.find((each) => each !== undefined) ?? "auto";
  if (choice !== "auto") return choice;
  const { NO_COLOR: noColor } = process.env;
  return (noColor === undefined || noColor === "") && streams.every(({ isTTY }) => isTTY === true);
}
