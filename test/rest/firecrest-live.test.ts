/*
 * Against a real FirecREST, for those who have one: SREMOTE_FIRECREST_URL, SREMOTE_FIRECREST_SYSTEM and SREMOTE_FIRECREST_TOKEN, and if need be
 * SREMOTE_FIRECREST_ACCOUNT and SREMOTE_FIRECREST_DIRECTORY. Without these there is nothing to test but that this is so.
 */
import { firecrest } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { describe, expect, test } from "vitest";

const names = ["URL", "SYSTEM", "TOKEN", "ACCOUNT", "DIRECTORY"] as const;
const [baseUrl, system, token, account, directory] = names.map((name) => process.env[`SREMOTE_FIRECREST_${name}`]);

if (baseUrl !== undefined && system !== undefined && token !== undefined) {
  describe("a live FirecREST", () => {
    for (const each of connectorCases()) {
      test(
        each.name,
        () =>
          each.run(() => firecrest({ baseUrl, system, token, account, scratchDir: directory }), { secrets: [token], caseTimeout: 900_000 }),
        900_000,
      );
    }
  });
}

test("a live test without a service behind it fails to connect, and says so", async () => {
  await using connector = firecrest({ baseUrl: "http://127.0.0.1:9/firecrest", system: "daint", token: "none" });
  expect(await connector.status()).toMatchObject({ ok: false, error: { code: "connect-refused" } });
});
