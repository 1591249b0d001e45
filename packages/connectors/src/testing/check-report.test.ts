/* What `checkConnector` says of a connector as a whole. */
import { expect, test } from "vitest";
import type { Connector } from "../connector.ts";
import { local } from "../local/index.ts";
import { ofLayers } from "../../../../test/support/nightly.ts";
import { checkConnector, ConnectorCheckError, connectorCases } from "./check.ts";

test("checkConnector reports every case", async () => {
  // How local() does in each is in its own suite.
  const cases = ofLayers;
  const report = await checkConnector(() => local(), { cases });
  expect(report.results.map(({ name, ok }) => [name, ok])).toEqual(connectorCases().map(({ name }) => [name, true]));
  // Without a link that can be cut, and without a service that does wrong, there is nothing to try for those who need them.
  const skipped = report.results.filter((each) => each.skipped === true).map(({ name }) => name);
  expect(skipped).toEqual(
    connectorCases()
      .map(({ name }) => name)
      .filter((name) => !cases.test(name) || /^REST: |cut link|link cut/.test(name)),
  );
});

test("checkConnector tries the cases that it is asked for, and throws one error that lists those that failed", async () => {
  const broken = (): Connector => ({ ...local(), label: "two\nlines", status: async () => ({ ok: false, message: "no" }) });
  const cases = /host in reach|label is|exit code 255/g;
  const error: unknown = await checkConnector(broken, { cases }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConnectorCheckError);
  expect(String(error)).toContain("2 of 3 cases failed");
  expect(String(error)).toContain("- status of a host in reach is ok");
  expect(String(error)).toContain("- the label is a text on one line");
  expect(String(error)).not.toContain("exit code 255");
  const { results } = (error as ConnectorCheckError).report;
  expect(results).toHaveLength(connectorCases().length);
  expect(results.filter(({ skipped }) => skipped !== true)).toHaveLength(3);
  for (const none of [/no case has this name/, "exit code 255" as unknown as RegExp]) {
    const refused: unknown = await checkConnector(() => local(), { cases: none }).catch((reason: unknown) => reason);
    expect(refused).toMatchObject({ code: "invalid-argument", message: expect.stringContaining("options.cases") });
  }
});

test("cases run at once, as many as is said, but those that measure memory alone", async () => {
  for (const concurrency of [1, 3]) {
    let open = 0;
    let most = 0;
    const besideLarge: number[] = [];
    const make = (): Connector => {
      const host = local();
      open += 1;
      most = Math.max(most, open);
      const close = async (): Promise<void> => {
        open -= 1;
        await host.close();
      };
      const push: Connector["push"] = (source, ...rest) => {
        besideLarge.push(open - 1);
        return host.push(source, ...rest);
      };
      return { ...host, push, close };
    };
    await checkConnector(make, { concurrency, cases: /exit code|64 MiB/ });
    expect([most, besideLarge]).toEqual([concurrency, [0]]);
  }
  for (const concurrency of [0, 1.5, "4" as unknown as number]) {
    const refused: unknown = await checkConnector(() => local(), { concurrency }).catch((reason: unknown) => reason);
    expect(refused).toMatchObject({ code: "invalid-argument", message: expect.stringContaining("options.concurrency") });
  }
});
