/* Generated sections of a Markdown file. */

/**
 * The text with what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->` replaced.
 *
 * @throws Error when the markers are not there, once each and in that order
 */
export function replaceSection(text: string, name: string, content: string): string {
  const parts = text.split(new RegExp(`<!-- ${name}:(begin|end) -->`));
  if (parts.length !== 5 || parts[1] !== "begin" || parts[3] !== "end") {
    throw new Error(`the markers <!-- ${name}:begin --> and <!-- ${name}:end --> are not there once each, in this order`);
  }
  return `${parts[0]}<!-- ${name}:begin -->\n\n${content}\n\n<!-- ${name}:end -->${parts[4]}`;
}
