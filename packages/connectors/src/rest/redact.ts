/* Credentials in texts that others made: a service may repeat what it was sent. */

export class Secrets {
  readonly #values = new Set<string>();

  /** Remembers a secret as it is and as it looks within a URL, a form, JSON or Basic credentials. Very short ones would make holes everywhere. */
  add(...values: readonly string[]): void {
    for (const value of values) {
      if (value.length < 4) continue;
      const forms = [
        value,
        encodeURIComponent(value),
        new URLSearchParams({ v: value }).toString().slice(2),
        JSON.stringify(value).slice(1, -1),
      ];
      for (const each of forms) this.#values.add(each);
    }
  }

  /** A header's value, and its parts: what stands behind `Bearer`, the values of cookies. */
  addHeader(value: string): void {
    this.add(value);
    for (const part of value.split(/[;,\s]+/)) {
      const at = part.indexOf("=");
      if (part.length >= 12) this.add(part);
      if (at > 0 && part.length - at > 4) this.add(part.slice(at + 1));
    }
  }

  /** The text without them, printable, and not endless. */
  redact(text: string, length = 300): string {
    let clean = text;
    for (const value of [...this.#values].toSorted((a, b) => b.length - a.length)) clean = clean.replaceAll(value, "[secret]");
    clean = clean.replace(/[^\P{Cc}\n\t]/gu, "?").trim();
    return clean.length > length ? `${clean.slice(0, length)}…` : clean;
  }
}
