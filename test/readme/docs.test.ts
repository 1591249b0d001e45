/*
 * Every TypeScript block of the README and the guides: those marked `run` are run as they stand there, and must print what their comments say. They get the
 * built packages (`npm run build`), as their readers do: to load the sources would take three times as long, for each block.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import { hostPath } from "../support/hosts.ts";
import { makeRepositories, type Repositories } from "../support/repositories.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const documents = [
  "README.md",
  ...readdirSync(join(root, "packages")).map((name) => `packages/${name}/README.md`),
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

interface Block {
  document: string;
  line: number;
  run: boolean;
  code: string;
}

const blocks: Block[] = documents.flatMap((document) => {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```ts( run)?\n(.*?)^```$/gms)].map((match) => ({
    document,
    line: text.slice(0, match.index).split("\n").length,
    run: match[1] !== undefined,
    code: match[2] ?? "",
  }));
});

let lab: Lab;
let home: string;
let account: string;
let repositories: Repositories;
let sources: { git: string; python: string; node: string };
beforeAll(async () => {
  repositories = await makeRepositories();
  sources = {
    git: await repositories.python("labtools", "1.0", "main"),
    python: await repositories.python("other_tools", "2.1.0", "main"),
    node: await repositories.node("left-pad", "1.3.0", "main"),
  };
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
  // The repositories belong to the tests' user, which git would not trust.
  account = (await lab.addUser({ files: { ".gitconfig": "[safe]\n\tdirectory = *\n" } })).name;
  home = mkdtempSync(join(tmpdir(), "sremote-docs-"));
});
afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await repositories?.[Symbol.asyncDispose]();
  await lab?.stop();
});

/** The host of the examples exists: it is the lab's. So do their packages, without an index being asked. */
function atLab(code: string): string {
  const options = {
    host: lab.address,
    port: lab.port,
    username: account,
    privateKeyPath: lab.key.path,
    knownHosts: lab.knownHosts,
    sshConfig: false,
  };
  return code
    .replaceAll(/ssh\("me@[a-z.]*example\.org"\)/g, `ssh(${JSON.stringify(options)})`)
    .replaceAll('"https://example.org/lab/tools.git"', JSON.stringify(sources.git))
    .replaceAll('"numpy==2.1.0"', JSON.stringify(sources.python))
    .replaceAll('"left-pad"', JSON.stringify(sources.node));
}

/** What `// …` behind a `console.log` promises to be printed, in order. */
function promised(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\);? \/\/ (.+)$/gm)].map((match) => match[1] ?? "");
}

describe("TypeScript blocks", () => {
  test.each(blocks.filter((block) => block.run))("$document:$line runs and prints what it says", ({ code }) => {
    const folder = join(root, ".cache/docs");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `block-${process.pid}-${Math.random().toString(36).slice(2)}.ts`);
    writeFileSync(file, atLab(code));
    try {
      const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
        encoding: "utf8",
        env: { ...process.env, HOME: home, PATH: hostPath },
        timeout: 60_000,
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      for (const each of promised(code)) expect(stdout).toContain(each);
    } finally {
      rmSync(file);
    }
  });

  test("those that are not run type-check", () => {
    const folder = join(root, `.cache/docs-types-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    const preamble =
      'import { RemoteClient, local, ssh } from "sremote";\ndeclare const client: RemoteClient;\nvoid [local, ssh, client];\n';
    const others = blocks.filter((block) => !block.run);
    for (const [index, { code }] of others.entries()) {
      writeFileSync(join(folder, `${index}.ts`), /^import /m.test(code) ? code : preamble + code);
    }
    const config = {
      extends: "../../tsconfig.test.json",
      compilerOptions: { types: ["node"], typeRoots: ["../../node_modules/@types"] },
      include: ["*.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    try {
      const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
        encoding: "utf8",
      });
      expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("no page is longer than 200 lines, but for the generated list of errors", () => {
    const written = documents.filter((document) => document !== "docs/errors.md");
    const lengths = written.map((document) => [document, readFileSync(join(root, document), "utf8").split("\n").length - 1] as const);
    expect(lengths.filter(([, lines]) => lines > 200)).toEqual([]);
  });

  test("every relative link of the documents leads somewhere", () => {
    const broken = documents.flatMap((document) =>
      [...readFileSync(join(root, document), "utf8").matchAll(/\]\((?!https?:)([^)#]+)(#[^)]*)?\)/g)]
        .map((match) => join(root, document, "..", match[1] ?? ""))
        .filter((path) => !existsSync(path))
        .map((path) => `${document}: ${path}`),
    );
    expect(broken).toEqual([]);
  });
});
