/* What `checkConnector` says of a connector as a whole. */
import { expect, test } from "vitest";
import { local } from "../local/index.ts";
import { checkConnector, ConnectorCheckError, connectorCases } from "./check.ts";

test("checkConnector reports every case, and throws one error that lists those that failed", async () => {
  const report = await checkConnector(() => local());
  expect(report.results.map(({ name, ok }) => [name, ok])).toEqual(connectorCases().map(({ name }) => [name, true]));
  const error: unknown = await checkConnector(() => ({
    ...local(),
    label: "two\nlines",
    status: async () => ({ ok: false, message: "no" }),
  })).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConnectorCheckError);
  expect(String(error)).toContain("- status of a host in reach is ok");
  expect(String(error)).toContain("- the label is a text on one line");
  expect(String(error)).not.toContain("exit code 255");
});
