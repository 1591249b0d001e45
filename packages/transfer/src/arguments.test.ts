import { describe, expect, test } from "vitest";
import { local } from "@sremote/connectors";
import { InvalidArgumentError } from "@sremote/protocol";
import type { CopyOptions } from "./options.ts";
import { pull } from "./pull.ts";
import { push } from "./push.ts";
import { sync } from "./sync.ts";

/** A host that nothing may be asked of. */
const host = { ...local(), spawn: () => Promise.reject(new Error("something was sent")) };

describe("wrong arguments are named before anything is sent", () => {
  test.each<[string, string | string[], string, unknown]>([
    ["sources", [], "/to", {}],
    ["sources", "", "/to", {}],
    ["sources", "a\0b", "/to", {}],
    ["sources", ["/a/x", "/b/x"], "/to", {}],
    ["sources", ["/a/.."], "/to", {}],
    ["sources", ["/"], "/to", {}],
    ["sources", "\ud800", "/to", {}],
    ["destination", "/from", "", {}],
    ["options", "/from", "/to", null],
    ["options.check", "/from", "/to", { check: "md5" }],
    ["options.delete", "/from", "/to", { delete: "yes" }],
    ["options.entryLimit", "/from", "/to", { entryLimit: 0 }],
    ["options.filter", "/from", "/to", { filter: "*.ts" }],
    ["options.timeout", "/from", "/to", { timeout: -1 }],
  ])("%s", async (name, sources, destination, options) => {
    for (const copy of [push, pull]) {
      const error: unknown = await copy(host, sources, destination, options as CopyOptions).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(String(error)).toMatch(new RegExp(`InvalidArgumentError: ${name} (?:must|has a) `));
    }
  });

  test("a direction", async () => {
    // @ts-expect-error there is no default
    await expect(sync(host, "/a", "/b", {})).rejects.toThrow(/options\.direction/);
  });
});
