/**
 * Long output for a message: head and tail, with `[...]` for what is left out between. `limit` counts characters of what is kept; 4096 as
 * in execo. A character of two code units is not torn.
 */
export function compactOutput(output: string, limit = 4096): string {
  if (output.length <= limit) return output;
  let head = Math.ceil(limit / 2);
  let tail = output.length - Math.floor(limit / 2);
  if (isSecondHalf(output, head)) head--;
  if (isSecondHalf(output, tail)) tail++;
  return `${output.slice(0, head)}\n[...]\n${output.slice(tail)}`;
}

function isSecondHalf(text: string, index: number): boolean {
  return index > 0 && index < text.length && /^[\udc00-\udfff]/.test(text[index]!) && /^[\ud800-\udbff]/.test(text[index - 1]!);
}
