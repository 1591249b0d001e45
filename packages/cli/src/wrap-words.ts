/* Long lines of help, broken between words. */

/** Lines that are longer than `width` go on in the next one, indented by two more. Words are never broken. */
export function wrapWords(text: string, width: number): string {
  return text
    .split("\n")
    .map((line) => wrapLine(line, width))
    .join("\n");
}

function wrapLine(line: string, width: number): string {
  if (line.length <= width) return line;
  const indent = /^ */.exec(line)![0];
  const lines: string[] = [];
  let current = indent;
  // Columns of an example stay as they are; only the spaces where a line is broken go.
  for (const [word] of line.slice(indent.length).matchAll(/\S+ */g)) {
    if (current.trim() !== "" && (current + word.trimEnd()).length > width) {
      lines.push(current.trimEnd());
      current = `${indent}  `;
    }
    current += word;
  }
  return [...lines, current.trimEnd()].join("\n");
}
