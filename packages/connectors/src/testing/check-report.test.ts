/* What `checkConnector` says of a connector as a whole. */
import { expect, test } from "vitest";
import { local } from "../local/index.ts";
import { checkConnector, ConnectorCheckError, connectorCases } from "./check.ts";

test("checkConnector reports every case", async () => {
  const report = await checkConnector(() => local());
  expect(report.results.map(({ name, ok }) => [name, ok])).toEqual(connectorCases().map(({ name }) => [name, true]));
  // Without a link that can be cut, and without a service that does wrong, there is nothing to try for those who need them.
  const skipped = report.results.filter((each) => each.skipped === true).map(({ name }) => name);
  expect(skipped).toEqual(
    connectorCases()
      .map(({ name }) => name)
      .filter((name) => /^REST: |cut link|link cut/.test(name)),
  );
});

test("checkConnector tries the cases that it is asked for, and throws one error that lists those that failed", async () => {
  const broken = { ...local(), label: "two\nlines", status: async () => ({ ok: false, message: "no" }) };
  const cases = /host in reach|label is|exit code 255/g;
  const error: unknown = await checkConnector(() => broken, { cases }).catch((reason: unknown) => reason);
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
