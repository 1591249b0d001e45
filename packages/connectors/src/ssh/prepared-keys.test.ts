import { createHash, KeyObject, randomBytes } from "node:crypto";
import type { Client } from "ssh2";
import { expect, it } from "vitest";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import { ssh } from "./index.ts";
import { prepareKeys } from "./prepared-keys.ts";

it.each(["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "chacha20-poly1305@openssh.com"])(
  "bytes arrive as they were sent while keys are exchanged anew, with %s",
  async (cipher) => {
    // Every megabyte each way, so that the transfer meets several exchanges.
    await using lab = await startSshd({ config: ["RekeyLimit 1M", `Ciphers ${cipher}`] });
    const user = await lab.addUser();
    await using connector = ssh({
      host: lab.address,
      port: lab.port,
      username: user.name,
      privateKeyPath: lab.key.path,
      knownHosts: lab.knownHosts,
      sshConfig: false,
    });
    const sent = randomBytes(6 * 2 ** 20);
    const { stdout } = await connector.exec(["cat"], { stdin: sent });
    expect(createHash("sha256").update(stdout).digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
  },
);

/* oxlint-disable no-underscore-dangle -- names of ssh2's */
it("replaces the keys where ssh2 keeps them, now and after each exchange, and minds no other place", async () => {
  const listeners: (() => void)[] = [];
  const protocol = { _cipher: { _encKey: Buffer.alloc(16) as unknown }, _decipher: { _decipherKey: Buffer.alloc(16) as unknown } };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only these parts are used
  const client = { _protocol: protocol, on: (_event: string, listener: () => void) => void listeners.push(listener) } as unknown as Client;
  prepareKeys(client);
  expect(protocol._cipher._encKey).toBeInstanceOf(KeyObject);
  expect(protocol._decipher._decipherKey).toBeInstanceOf(KeyObject);
  protocol._cipher._encKey = Buffer.alloc(32);
  for (const listener of listeners) listener();
  await new Promise((resolve) => setImmediate(resolve));
  expect(protocol._cipher._encKey).toBeInstanceOf(KeyObject);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a version of ssh2 with none of them
  expect(() => prepareKeys({ on: () => undefined } as unknown as Client)).not.toThrow();
});
