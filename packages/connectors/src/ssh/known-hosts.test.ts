import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KeyPair } from "../../../../scripts/labs/keys.ts";
import { makeKey } from "../../../../scripts/labs/keys.ts";
import { addKnownHost, readKnownHosts } from "./known-hosts-file.ts";
import { judgeKey, knownTypes, parseKnownHosts } from "./known-hosts.ts";
import type { KeyVerdict } from "./known-hosts.ts";

let directory: string;
let ed25519: KeyPair;
let other: KeyPair;
let ecdsa: KeyPair;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "sremote-known-hosts-"));
  ed25519 = await makeKey(join(directory, "ed25519"));
  other = await makeKey(join(directory, "other"));
  ecdsa = await makeKey(join(directory, "ecdsa"), "ecdsa");
});
afterAll(() => rmSync(directory, { recursive: true }));

const blob = (key: KeyPair): Buffer => Buffer.from(key.publicKey.split(" ")[1] ?? "", "base64");

function verdict(text: string, host = "host.example", port = 22, key = ed25519): KeyVerdict["verdict"] {
  return judgeKey(parseKnownHosts(text, "file"), host, port, blob(key)).verdict;
}

/** The file hashed by ssh-keygen, the reference. */
function hashed(text: string): string {
  const path = join(directory, "to-hash");
  writeFileSync(path, text);
  execFileSync("ssh-keygen", ["-q", "-H", "-f", path], { stdio: "ignore" });
  return readFileSync(path, "utf8");
}

describe("known_hosts", () => {
  test("a key is known under its plain name, in any case, and unknown under another", () => {
    expect(verdict(`Host.Example ${ed25519.publicKey} a comment`)).toBe("known");
    expect(verdict(`host.example ${ed25519.publicKey}`, "HOST.example")).toBe("known");
    expect(verdict(`host.example ${ed25519.publicKey}`, "host.example.org")).toBe("unknown");
    expect(verdict("")).toBe("unknown");
  });

  test("names hashed by ssh-keygen are found, with and without a port", () => {
    const text = hashed(`host.example ${ed25519.publicKey}\n[host.example]:2222 ${other.publicKey}\n`);
    expect(text).not.toContain("host.example");
    expect(verdict(text)).toBe("known");
    expect(verdict(text, "host.example", 2222, other)).toBe("known");
    expect(verdict(text, "host.example", 2222, ecdsa)).toBe("changed");
    expect(verdict(text, "elsewhere")).toBe("unknown");
  });

  test("away from port 22, [host]:port decides, and the bare name may only confirm", () => {
    const bare = `host.example ${ed25519.publicKey}\n`;
    expect(verdict(bare, "host.example", 2222)).toBe("known");
    expect(verdict(bare, "host.example", 2222, other)).toBe("unknown");
    expect(verdict(`${bare}[host.example]:2222 ${other.publicKey}\n`, "host.example", 2222)).toBe("changed");
    expect(verdict(`[host.example]:2222 ${ed25519.publicKey}\n`)).toBe("unknown");
  });

  test("wildcards match and negated patterns exclude, wherever they stand", () => {
    expect(verdict(`*.example ${ed25519.publicKey}`)).toBe("known");
    expect(verdict(`ho?t.example ${ed25519.publicKey}`)).toBe("known");
    expect(verdict(`*.example,!host.example ${ed25519.publicKey}`)).toBe("unknown");
    expect(verdict(`!host.example,*.example ${ed25519.publicKey}`)).toBe("unknown");
    expect(verdict(`a,b,host.example ${ed25519.publicKey}`)).toBe("known");
    expect(verdict(`[*.example]:* ${ed25519.publicKey}`, "host.example", 2222)).toBe("known");
    expect(verdict(`${"*a".repeat(40)} ${ed25519.publicKey}`, "a".repeat(200) + "b")).toBe("unknown");
  });

  test("another key is a change, also of another type, and the entry is named", () => {
    const text = `# first line\n\nhost.example ${other.publicKey}\n`;
    const found = judgeKey(parseKnownHosts(text, "file"), "host.example", 22, blob(ed25519));
    expect(found).toMatchObject({ verdict: "changed", entry: { file: "file", line: 3 } });
    expect(verdict(`host.example ${ecdsa.publicKey}`)).toBe("changed");
    expect(verdict(`host.example ${other.publicKey}\nhost.example ${ed25519.publicKey}\n`)).toBe("known");
  });

  test("@revoked refuses even a key that is known; @cert-authority vouches for none; other markers are passed over", () => {
    expect(verdict(`host.example ${ed25519.publicKey}\n@revoked * ${ed25519.publicKey}\n`)).toBe("revoked");
    expect(verdict(`host.example ${ed25519.publicKey}\n@revoked * ${other.publicKey}\n`)).toBe("known");
    expect(verdict(`@cert-authority *.example ${ed25519.publicKey}`)).toBe("unknown");
    expect(verdict(`@whatever host.example ${ed25519.publicKey}`)).toBe("unknown");
  });

  test("@revoked for the bare name refuses the key at every port, also where [host]:port knows it", () => {
    const revoked = `@revoked host.example ${ed25519.publicKey}\n`;
    expect(verdict(revoked, "host.example", 2222)).toBe("revoked");
    expect(verdict(`[host.example]:2222 ${ed25519.publicKey}\n${revoked}`, "host.example", 2222)).toBe("revoked");
    expect(verdict(`[host.example]:2222 ${other.publicKey}\n${revoked}`, "host.example", 2222)).toBe("revoked");
    expect(verdict(`@revoked [host.example]:2222 ${ed25519.publicKey}\nhost.example ${ed25519.publicKey}\n`)).toBe("known");
    expect(verdict(hashed(`@revoked host.example ${ed25519.publicKey}\n`), "host.example", 2222)).toBe("revoked");
  });

  test("broken lines are passed over", () => {
    const broken = ["host.example", "host.example ssh-ed25519", "host.example ssh-ed25519 !!!", "|1|x host.example", "\0"].join("\n");
    expect(verdict(broken)).toBe("unknown");
    expect(verdict(`${broken}\r\nhost.example ${ed25519.publicKey}\r\n`)).toBe("known");
  });

  test("the types of known keys are found, so that they can be asked for first", () => {
    const entries = parseKnownHosts(`host.example ${ecdsa.publicKey}\n[host.example]:2222 ${ed25519.publicKey}\n`, "file");
    expect(knownTypes(entries, "host.example", 22)).toEqual(["ecdsa-sha2-nistp256"]);
    expect(knownTypes(entries, "host.example", 2222)).toEqual(["ssh-ed25519"]);
    expect(knownTypes(entries, "host.example", 2223)).toEqual(["ecdsa-sha2-nistp256"]);
  });
});

describe("adding to a known_hosts file", () => {
  test.each([false, true])("ssh-keygen finds what was added (hashed: %s), the rest stays as it was, a key is added once", (hash) => {
    const file = join(directory, `added-${hash}`, "known_hosts");
    const before = `# mine\nelsewhere ${other.publicKey}`;
    addKnownHost(file, "first.example", 22, blob(ecdsa), hash);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, before);
    addKnownHost(file, "host.example", 2222, blob(ed25519), hash);
    addKnownHost(file, "host.example", 2222, blob(ed25519), hash);
    const text = readFileSync(file, "utf8");
    expect(text.startsWith(`${before}\n`)).toBe(true);
    expect(text.trim().split("\n")).toHaveLength(3);
    expect(text.includes("[host.example]")).toBe(!hash);
    expect(execFileSync("ssh-keygen", ["-F", "[host.example]:2222", "-f", file], { encoding: "utf8" })).toContain(ed25519.publicKey);
  });

  test("a key that someone else added meanwhile is not replaced", () => {
    const file = join(directory, "raced");
    writeFileSync(file, `host.example ${other.publicKey}\n`);
    addKnownHost(file, "host.example", 22, blob(ed25519), false);
    expect(readFileSync(file, "utf8")).toBe(`host.example ${other.publicKey}\n`);
  });

  test("a file is parsed once for as long as it says the same, and again after any change", () => {
    const file = join(directory, "read-again");
    writeFileSync(file, `host.example ${other.publicKey}\n`);
    const first = readKnownHosts([file], "ssh://host");
    expect(readKnownHosts([file], "ssh://other")[0]).toBe(first[0]);
    const { atime, mtime } = statSync(file);
    writeFileSync(file, `host.example ${ed25519.publicKey}\n`);
    // Of the same length and time.
    utimesSync(file, atime, mtime);
    expect(readKnownHosts([file], "ssh://host").map(({ key }) => key)).toEqual([blob(ed25519)]);
  });

  test("a file that cannot be read refuses, one that does not exist is empty", () => {
    expect(readKnownHosts([join(directory, "missing")], "ssh://host")).toEqual([]);
    expect(() => readKnownHosts([directory], "ssh://host")).toThrow(expect.objectContaining({ code: "host-key-unknown" }));
  });
});
