import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandHint } from "./command-hint.ts";

/** All hints of the library: generated from its sources. */
function hints(): string[] {
  const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8").replaceAll(/\n {4,6}(?! |hint: )/g, " ");
  const section = /\n## Other hints\n[^]*?```text\n([^]*?)\n```/.exec(page)?.[1]?.split("\n") ?? [];
  expect(section.length).toBeGreaterThan(30);
  return [...page.matchAll(/^ *hint: (.*)$/gm)].map((match) => match[1]!).concat(section);
}

/** Of what the command does not use: REST services, fleets, objects that are kept, shipped code. */
const elsewhere =
  /`(?:ca|token|scratchDir|baseUrl|kernel|known|uploadLimit|downloadLimit|socketPath|limit|startTimeout)`|entryLimit|loadGroups|hostSet|bytes\.slice|algorithms|connectTimeout|leave options\.id|options\.(?:as|exclude|include)|unship\(\)|client\.ship|restart\(\) begins anew|client\.python runs|by require\(\) or/;
/** What is to be written in Python, on the host. */
const inPython = /\.to_dict\(\)|df\.reset_index\(\)|total_seconds\(\)/;

test("no hint that the command can show names a function or an option of the library", () => {
  const all = hints();
  expect(all.length).toBeGreaterThan(80);
  const left = all
    .filter((hint) => !elsewhere.test(hint) && !inPython.test(hint))
    .map((hint) => commandHint(hint.replaceAll("{runtime}", "python"), "me@host"))
    .filter((hint) =>
      /\w\(\)|client\.|options\.|(?<!-)\b(?:cwd|hostKey|sshConfig|loginEnv|knownHosts|privateKeyPath)\b|new Remote/.test(hint),
    );
  expect(left).toEqual([]);
});

test("what to type names the host", () => {
  expect(commandHint("install it with installPackages()", "me@host")).toBe("`sremote install me@host PACKAGE` installs it");
});
