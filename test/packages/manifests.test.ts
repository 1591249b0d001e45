/* What registries show of the packages: each is found, has one home, and comes with a page of its own. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** The one place that says where the sources live; RELEASING.md says how to move them. */
const repository = "https://github.com/sremote/sremote";

interface Manifest {
  name: string;
  version: string;
  description?: string;
  keywords?: string[];
  homepage?: string;
  bugs?: string;
  license?: string;
  repository?: { type: string; url: string; directory: string };
  publishConfig?: { access: string; provenance: boolean };
  engines?: { node: string };
  dependencies?: Record<string, string>;
  files?: string[];
}

const packages = fileURLToPath(new URL("../../packages", import.meta.url));
const manifests = readdirSync(packages).map(
  (folder) => [folder, JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8")) as Manifest] as const,
);

test.each(manifests)("%s says what it is, where it lives and how it is published", (folder, manifest) => {
  expect(manifest.name).toBe(folder === "sremote" ? "sremote" : `@sremote/${folder}`);
  expect(manifest.description?.length).toBeGreaterThan(40);
  expect(manifest.keywords?.length).toBeGreaterThan(4);
  expect(manifest.keywords).toEqual([...new Set(manifest.keywords)].toSorted());
  expect(manifest).toMatchObject({
    license: "MIT",
    homepage: folder === "sremote" ? `${repository}#readme` : `${repository}/tree/main/packages/${folder}#readme`,
    bugs: `${repository}/issues`,
    repository: { type: "git", url: `git+${repository}.git`, directory: `packages/${folder}` },
    publishConfig: { access: "public", provenance: true },
    engines: { node: ">=22.19.0" },
  });
  expect(manifest.files).toEqual(expect.arrayContaining(["dist", "src"]));
});

test("all packages have one version, and need one another in it", () => {
  const versions = new Map(manifests.map(([, { name, version }]) => [name, version]));
  expect(new Set(versions.values()).size).toBe(1);
  for (const [, { dependencies = {} }] of manifests) {
    for (const [name, version] of Object.entries(dependencies)) expect([name, versions.get(name) ?? version]).toEqual([name, version]);
  }
});

test("each package has a page that says who needs it, with a block of code", () => {
  for (const [folder, { name }] of manifests) {
    const page = readFileSync(join(packages, folder, "README.md"), "utf8");
    expect(page.split("\n")[0]).toBe(`# ${name}`);
    expect(page, folder).toMatch(/^```ts/m);
    if (folder !== "sremote") expect(page, folder).toMatch(/You need this\s+package alone if you /);
  }
});

test("no document names another home of the sources", () => {
  const pages = ["README.md", ...manifests.map(([folder]) => `packages/${folder}/README.md`)];
  const homes = pages.flatMap((page) => {
    const text = readFileSync(join(packages, "..", page), "utf8");
    return Array.from(text.matchAll(/https:\/\/github\.com\/[\w-]+\/sremote\b/g), ([home]) => home);
  });
  expect([...new Set(homes)]).toEqual([repository]);
});
