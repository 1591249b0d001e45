/* Trees for tests of transfers: made, and read back with everything that a copy must keep. */
import { createHash } from "node:crypto";
import { chmod, lstat, lutimes, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from "node:fs/promises";
import { run } from "../../scripts/labs/run.ts";
import { fromBytes, toBytes } from "@sremote/connectors";

export const native = (path: string): Buffer => Buffer.from(toBytes(path));

/** Names that go wrong wherever quoting, lines or decoding are not exact; the last are not UTF-8. */
export const hostileNames: readonly string[] = [
  " leading and trailing ",
  "it's",
  `"double"`,
  "new\nline\n",
  "-rf",
  "--",
  "*",
  "$HOME `id`",
  "back\\slash",
  "\u0001\u001b[31m",
  "é 漢字 🦊",
  "n".repeat(250),
  "é".repeat(125),
  "\udcff\udcfe.bin",
  "mixed é \udcc3",
  // Every byte that a name can hold.
  ...[1, 128].map((from) =>
    fromBytes(Uint8Array.from({ length: 128 }, (_, at) => from + at).filter((byte) => byte !== 0x2f && byte < 256)),
  ),
];

const time = 1_600_000_000.123456;

/** Everything a tree may hold: odd names, modes, times, links, empty directories, empty, small and large files. */
export async function makeHostileTree(root: string): Promise<void> {
  await mkdir(`${root}/empty/inner`, { recursive: true });
  for (const [index, name] of hostileNames.entries()) {
    await mkdir(native(`${root}/names/${name}`), { recursive: true });
    await writeFile(native(`${root}/names/${name}/${name}`), `content ${index}`);
    await symlink(native(name), native(`${root}/names/${name}/link`));
  }
  await mkdir(`${root}/modes`);
  for (const mode of [0o400, 0o444, 0o600, 0o755, 0o4755, 0o000]) {
    await writeFile(`${root}/modes/${mode.toString(8)}`, "x");
    await chmod(`${root}/modes/${mode.toString(8)}`, mode);
  }
  await mkdir(`${root}/closed/inner`, { recursive: true });
  await writeFile(`${root}/closed/inner/file`, "within");
  await symlink("/nonexistent/../absolute", `${root}/dangling`);
  await symlink("../../../etc", `${root}/up`);
  await writeFile(`${root}/nothing`, "");
  await writeFile(`${root}/large`, Buffer.alloc(700_001, "large "));
  await writeFile(`${root}/dated`, "old");
  await utimes(`${root}/dated`, time, time);
  await lutimes(`${root}/up`, time, time);
  await utimes(`${root}/empty`, time, time);
  await chmod(`${root}/closed/inner`, 0o500);
  await chmod(`${root}/closed`, 0o555);
}

/** What a copy need not keep. */
export interface Kept {
  readonly wholeSeconds?: boolean;
  readonly noLinkTimes?: boolean;
}

/** One line for each thing: path, type, mode, time to the microsecond, and content. Two trees are the same when their lists are. */
export async function describeTree(root: string, options: Kept = {}, relative = ""): Promise<string[]> {
  const path = native(`${root}${relative}`);
  const found = await lstat(path);
  const about = [
    JSON.stringify(relative),
    (found.mode & 0o7777).toString(8),
    // Node sets times to within a microsecond; rounded, so that a difference of one is none.
    options.wholeSeconds === true ? Math.floor(found.mtimeMs / 1000) : Math.round(found.mtimeMs / 10),
  ];
  if (found.isSymbolicLink())
    return [`${about[0]} link ${options.noLinkTimes === true ? "" : about[2]} ${fromBytes(await readlink(path, { encoding: "buffer" }))}`];
  if (!found.isDirectory()) {
    const content = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    return [`${about.join(" ")} file ${content}`];
  }
  const names = (await readdir(path, { encoding: "buffer" })).map(fromBytes).toSorted();
  const inner = await Promise.all(names.map((name) => describeTree(root, options, `${relative}/${name}`)));
  return [`${about.join(" ")} directory`, ...inner.flat()];
}

/** Temporary files and unfinished parts below a directory. */
export async function leftOver(root: string): Promise<string[]> {
  return (await run("find", [root, "-name", ".*.sremote-*"])).split("\n").filter((line) => line !== "");
}

/** Small files, a hundred in each directory. */
export async function makeManyFiles(root: string, directories = 20): Promise<void> {
  for (let directory = 0; directory < directories; directory++) {
    await mkdir(`${root}/d${directory}`, { recursive: true });
    await Promise.all(
      Array.from({ length: 100 }, (_, file) => writeFile(`${root}/d${directory}/f${file}`, `${directory} ${file} `.repeat(file + 1))),
    );
  }
}
