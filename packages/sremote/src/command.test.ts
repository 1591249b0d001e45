/* The command as it is published: compiled, started by its own first line. */
import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { commandHome, fromDist } from "../../../test/support/command.ts";

const packageFile = new URL("../package.json", import.meta.url);

test("the compiled command calls a function (after `npm run build`)", async () => {
  await access(fromDist[0] ?? "", constants.R_OK);
  await using home = await commandHome({}, fromDist);
  expect(await home.output("call", "local", "math.hypot", "3", "4")).toBe("5\n");
  expect(await home.output("call", "local", "node:path.join", "a", "b")).toBe("a/b\n");
});

test("bin names the compiled entry, which begins with the line that finds Node", async () => {
  const { bin, version } = JSON.parse(await readFile(packageFile, "utf8")) as { bin: Record<string, string>; version: string };
  expect(bin).toEqual({ sremote: "dist/command.js" });
  const text = await readFile(new URL(`../${bin["sremote"]}`, import.meta.url), "utf8");
  expect(text.split("\n")[0]).toBe("#!/usr/bin/env node");
  await using home = await commandHome({}, fromDist);
  expect(await home.output("--version")).toBe(`${version}\n`);
});
