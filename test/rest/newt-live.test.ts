/*
 * Against a service that really speaks NEWT, for those who have one: SREMOTE_NEWT_URL, SREMOTE_NEWT_MACHINE, SREMOTE_NEWT_USER, SREMOTE_NEWT_PASSWORD,
 * and SREMOTE_NEWT_VERSION (1 or 2). Without these there is nothing to test but that this is so.
 */
import { newt, shell } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { describe, expect, test } from "vitest";

const names = ["SREMOTE_NEWT_URL", "SREMOTE_NEWT_MACHINE", "SREMOTE_NEWT_USER", "SREMOTE_NEWT_PASSWORD"] as const;
const [baseUrl, machine, username, password] = names.map((name) => process.env[name]);

if (baseUrl !== undefined && machine !== undefined && username !== undefined && password !== undefined) {
  const version = process.env["SREMOTE_NEWT_VERSION"] === "2" ? 2 : 1;
  describe("a live NEWT service", () => {
    for (const each of connectorCases()) {
      test(
        each.name,
        () => each.run(() => newt({ baseUrl, machine, username, password, version }), { secrets: [password], caseTimeout: 300_000 }),
        300_000,
      );
    }
  });
}

test("a live test without a service behind it fails to connect, and says so", async () => {
  await using connector = newt({ baseUrl: "http://127.0.0.1:9/newt", machine: "edison", username: "me", password: "nobody" });
  await expect(connector.exec(shell("true"))).rejects.toMatchObject({ code: "connect-refused" });
  expect(await connector.status()).toMatchObject({ ok: false });
});
