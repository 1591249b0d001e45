/*
 * Against the Superfacility API itself, for those who have a client: SREMOTE_SFAPI_MACHINE with SREMOTE_SFAPI_CLIENT and SREMOTE_SFAPI_KEY (the
 * key's text), or with SREMOTE_SFAPI_TOKEN. Without these there is nothing to test but that this is so.
 */
import { sfapi } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { describe, expect, test } from "vitest";

const names = ["SREMOTE_SFAPI_MACHINE", "SREMOTE_SFAPI_CLIENT", "SREMOTE_SFAPI_KEY", "SREMOTE_SFAPI_TOKEN"] as const;
const [machine, clientId, privateKey, token] = names.map((name) => process.env[name]);
const secret = token ?? privateKey;

if (machine !== undefined && secret !== undefined) {
  const credentials = token === undefined ? { clientId, privateKey: secret } : { token };
  describe("the live Superfacility API", () => {
    for (const each of connectorCases()) {
      test(each.name, () => each.run(() => sfapi({ machine, ...credentials }), { secrets: [secret], caseTimeout: 300_000 }), 300_000);
    }
  });
}

test("a live test without a service behind it fails to connect, and says so", async () => {
  await using connector = sfapi({ machine: "perlmutter", token: "none", baseUrl: "http://127.0.0.1:9/api/v1.2" });
  expect(await connector.status()).toMatchObject({ ok: false, error: { code: "connect-refused" } });
});
