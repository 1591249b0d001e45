/* Texts that go wrong wherever quoting or decoding is not exact. */

/** File names: each without `/`, at most 255 bytes. The last ones are not UTF-8. */
export const hostileNames: readonly string[] = [
  " leading and trailing ",
  "it's",
  `"double"`,
  "new\nline\n",
  "-rf",
  "--",
  "*",
  "[a-z]?",
  "$HOME ${HOME} $(id) `id`",
  "!history!!",
  "back\\slash",
  "semi;colon&pipe|<>#",
  "%s%n",
  "\u0001\u001b[31m\u007f",
  "é 漢字 🦊",
  "n".repeat(250),
  "\udcff\udcfe.bin",
  "mixed é \udcc3",
];

export const hostileArguments: readonly string[] = ["", "a", ...hostileNames, "''''", "\\\\'", "\n", "a\r\nb\tc", "~root", "A=1", "\udc80"];

/** Every byte value, NUL first, twice in opposite orders. */
export const everyByte: Uint8Array = Uint8Array.from({ length: 512 }, (_, index) => (index < 256 ? index : 511 - index));

/** The bytes as the format of `printf`. */
export function printfFormat(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
