/* The type tests of this folder, against the declarations that are published, with each compiler that users may have. Needs the built packages. */
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { consumersDirectory } from "../../scripts/setup-consumers.ts";
import { isNightly } from "../support/nightly.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const files = globSync("*.test-d.ts", { cwd: import.meta.dirname });

/** Compiles the type tests, changed as `change` does, and gives what the compiler says. */
function compile(compiler: string, change = (text: string): string => text): string {
  const folder = join(root, `.cache/types-${process.pid}-${compiler}`);
  mkdirSync(folder, { recursive: true });
  try {
    for (const file of [...files, "same.ts"])
      writeFileSync(join(folder, file), change(readFileSync(join(import.meta.dirname, file), "utf8")));
    const compilerOptions = {
      target: "es2022",
      module: "nodenext",
      lib: ["es2023", "esnext.disposable"],
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    };
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const from = compiler === "typescript" ? import.meta.url : join(consumersDirectory, "x.js");
    const tsc = join(dirname(createRequire(from).resolve(`${compiler}/package.json`)), "bin/tsc");
    const { stdout, stderr, error } = spawnSync(process.execPath, [tsc, "-p", folder], { cwd: root, encoding: "utf8" });
    if (error !== undefined) throw error;
    return `${stdout}${stderr}`.replaceAll(`${relative(root, folder)}/`, "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// The oldest that is supported and the newest; nightly the one between.
test.each(["typescript-5.4", ...(isNightly ? ["typescript-5.9"] : []), "typescript"])(
  "%s finds the types of results, options and mistakes as they should be",
  (compiler) => {
    expect(compile(compiler)).toBe("");
  },
);

test("a type that is not as a test says is found", () => {
  const told = compile("typescript", (text) =>
    text.replace("typed<number>()(await client.constant", "typed<string>()(await client.constant"),
  );
  expect(told).toMatch(/^results\.test-d\.ts\(\d+,\d+\): error TS2554/);
});
