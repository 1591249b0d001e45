/* A host that takes the credentials, and then leaves a request unanswered. */
import type { AddressInfo } from "node:net";
import ssh2 from "ssh2";
import { newKeyPair } from "../../../../scripts/labs/ssh2-key.ts";
import type { Connection } from "ssh2";
import { expect, test } from "vitest";
import { ssh } from "./index.ts";

const silences: Readonly<Record<string, (client: Connection) => void>> = {
  "to open a channel": (client) => void client.on("session", () => undefined),
  "to start a command": (client) => void client.on("session", (accept) => void accept().on("exec", () => undefined)),
};

test.each(Object.keys(silences))("the request %s that is never answered has a deadline, and close ends", async (name) => {
  const server = new ssh2.Server({ hostKeys: [newKeyPair().private] }, (client) => {
    client.on("authentication", (context) => context.accept()).on("error", () => undefined);
    client.on("ready", () => silences[name]!(client));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const host = ssh({ host: "127.0.0.1", port, username: "me", password: "x", hostKey: () => true, sshConfig: false, startTimeout: 700 });
  try {
    const errors = await Promise.all(
      [{}, { stdin: Buffer.from("x") }].map((options) => host.exec(["cat"], options).catch((error: unknown) => error)),
    );
    for (const error of errors) expect(error).toMatchObject({ name: "ConnectError", code: "connect-timeout" });
    const stopped = host.exec(["true"], { timeout: 200 }).catch((error: unknown) => error);
    expect(await stopped).toMatchObject({ code: "timeout" });
    const before = performance.now();
    await host.close();
    expect(performance.now() - before).toBeLessThan(9000);
  } finally {
    await host.close();
    server.close();
  }
});
