/* What `checkConnector` says of a connector as a whole. */
import { expect, test } from "vitest";
import { local } from "../local/index.ts";
import { checkConnector, ConnectorCheckError, connectorCases } from "./check.ts";

test("checkConnector reports every case, and throws one error that lists those that failed", async () => {
  const report = await checkConnector(() => local());
  expect(report.results.map(({ name, ok }) => [name, ok])).toEqual(connectorCases().map(({ name }) => [name, true]));
  // Without a link that can be cut, and without a service that does wrong, there is nothing to try for those who need them.
  const skipped = report.results.filter((each) => each.skipped === true).map(({ name }) => name);
  expect(skipped).toEqual(
    connectorCases()
      .map(({ name }) => name)
      .filter((name) => /^REST: |cut link|link cut/.test(name)),
  );
  const error: unknown = await checkConnector(() => ({
    ...local(),
    label: "two\nlines",
    status: async () => ({ ok: false, message: "no" }),
  })).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConnectorCheckError);
  expect(String(error)).toContain(` of ${report.results.length - skipped.length} cases failed`);
  expect(String(error)).toContain("- status of a host in reach is ok");
  expect(String(error)).toContain("- the label is a text on one line");
  expect(String(error)).not.toContain("exit code 255");
});
