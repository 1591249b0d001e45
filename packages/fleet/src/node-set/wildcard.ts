/** Whether the text holds `*` or `?`. */
export function hasWildcard(text: string): boolean {
  return /[*?]/.test(text);
}

/** Whether a name matches: `*` stands for any characters, `?` for one. Takes at most length × length steps, however many stars there are. */
export function matchesWildcard(pattern: string, name: string): boolean {
  let inPattern = 0;
  let inName = 0;
  /** Where the last star stood, and up to where it has taken the name; all before is settled. */
  let star = -1;
  let taken = 0;
  while (inName < name.length) {
    if (pattern[inPattern] === "*") {
      star = inPattern++;
      taken = inName;
    } else if (pattern[inPattern] === "?" || pattern[inPattern] === name[inName]) {
      inPattern++;
      inName++;
    } else if (star >= 0) {
      inPattern = star + 1;
      inName = ++taken;
    } else return false;
  }
  while (pattern[inPattern] === "*") inPattern++;
  return inPattern === pattern.length;
}
