/* A logger is the caller's, and may be wrong. */
import { once } from "node:events";
import { local } from "@sremote/connectors";
import { expect, test } from "vitest";
import type { Logger } from "./logger.ts";
import { RemoteProcess } from "./remote-process.ts";

const refuse = (): never => {
  throw new Error("the disk is full");
};
const broken: Logger = { debug: refuse, info: refuse, warn: refuse, error: refuse };

test.each(["true", "false"])("one that throws leaves the end of `%s` as it is, and Node prints a warning", async (command) => {
  await using connector = local();
  const warned = once(process, "warning");
  const ran = await new RemoteProcess(connector, command, { logger: broken }).run();
  expect(ran).toMatchObject({ state: "ended", reason: "exit", exitCode: command === "true" ? 0 : 1 });
  expect(String((await warned)[0])).toContain('a handler of "logger" threw: the disk is full');
});
