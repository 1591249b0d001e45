/* Digests and content of a host's files, by its shell. */
import { createHash } from "node:crypto";
import { encodeBatch, encodeJson, type Frame, frameOf } from "./frame.ts";
import { nameOf, parentOf } from "./entry.ts";
import { messages } from "./message.ts";
import { type AnswerReader, describeMessage } from "./shell-answer.ts";
import { isPlain, mostTogether, ShellScript } from "./shell-script.ts";

export type Root = readonly [path: string, follow: boolean];
export type HashItem = readonly [root: number, relative: string, length: number | null];
export type SendItem = readonly [number: number, root: number, relative: string, size: number, offset: number, length?: number];

interface Item {
  readonly number: number;
  readonly root: number;
  readonly relative: string;
  /** Null where it is not known. */
  readonly size: number | null;
  /** Of a part of a file: where it begins, or where the digest's beginning ends. */
  readonly offset?: number;
  readonly length?: number;
}

/** `dd` reads in blocks of this size, and can begin at any of them. */
const block = 1 << 16;

type Run = (script: ShellScript) => Promise<AnswerReader>;
type TakeAnswer = (frame: Frame) => void | Promise<void>;

export async function hashByShell(roots: readonly Root[], given: readonly HashItem[], run: Run, take: TakeAnswer): Promise<void> {
  const items = given.map(([root, relative, length], number) => ({
    number,
    root,
    relative,
    size: null,
    ...(length === null ? {} : { length }),
  }));
  const answers: unknown[] = [];
  await read(roots, items, run, {
    one: ({ length }) => ["digest", length ?? null],
    takeOne({ number }, answer) {
      const [sha256, rest] = [answer.field(), answer.field()];
      answers[number] = sha256 === "" ? [number, null, ...describeMessage(rest)] : [number, sha256, Number(rest)];
    },
    total: () => null,
    takeEach({ number }, sha256, size) {
      answers[number] = [number, sha256, size];
      return true;
    },
  });
  await take(frameOf(encodeJson(messages.digests, answers)));
}

/** @param growing whether files may be longer than they were listed */
export async function sendByShell(
  roots: readonly Root[],
  given: readonly SendItem[],
  growing: boolean,
  run: Run,
  take: TakeAnswer,
): Promise<void> {
  const compare = growing ? "ge" : null;
  const items = given.map(([number, root, relative, size, offset, length]) => ({
    number,
    root,
    relative,
    size,
    ...(length === undefined ? {} : { offset, length }),
  }));
  const send = async (head: unknown, content: Buffer): Promise<void> => take(frameOf(encodeBatch(messages.files, [head], [content])));
  await read(roots, items, run, {
    one({ size, offset, length }) {
      if (offset === undefined || length === undefined) return ["send", size, compare];
      const [first, over] = [Math.floor(offset / block), offset % block];
      return ["piece", size, first, Math.ceil((over + length) / block), over + 1, length, compare];
    },
    async takeOne({ number, size, length = size ?? 0 }, answer) {
      const [sha256, message] = [answer.field(), answer.field()];
      // A file that says it is empty may hold something, as those of /proc do.
      if (message === "" && size === 0) length = Number(answer.field());
      const content = message === "" ? answer.content(length) : Buffer.alloc(0);
      const own = digest(content);
      // A part is verified with the whole file.
      const said = message === "" && sha256 !== "-" && sha256 !== own ? "the file changed" : message;
      if (said === "") await send([number, own, length], content);
      else await send([number, null, ...describeMessage(said)], Buffer.alloc(0));
    },
    total: (group) => group.reduce((sum, { size }) => sum + (size ?? 0), 0),
    async takeEach({ number, size: listed }, sha256, size, content) {
      if (size !== listed || digest(content) !== sha256) return false;
      await send([number, sha256, size], content);
      return true;
    },
  });
}

const digest = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

interface Reader {
  /** The function of the script for one item, and its arguments behind path and `follow`. */
  one(item: Item): readonly [string, ...(number | string | null)[]];
  takeOne(item: Item, answer: AnswerReader): void | Promise<void>;
  /** Bytes of content that come for these; null when only digests do. */
  total(group: readonly Item[]): number | null;
  /** @returns false when it is to be read by itself */
  takeEach(item: Item, sha256: string, size: number, content: Buffer): boolean | Promise<boolean>;
}

/** Files of one directory are read together as long as all is well with them, which takes a fraction of the processes. */
async function read(roots: readonly Root[], items: readonly Item[], run: Run, reader: Reader): Promise<void> {
  const again = await readGroups(roots, grouped(items), run, reader);
  if (again.length === 0) return;
  const alone = again.map((item) => [item]);
  await readGroups(roots, alone, run, reader);
}

async function readGroups(roots: readonly Root[], groups: readonly Item[][], run: Run, reader: Reader): Promise<Item[]> {
  const script = new ShellScript();
  let current: number | undefined;
  for (const group of groups) {
    const { number, root, relative } = group[0]!;
    const [path, follow] = roots[root]!;
    const [name, ...args] = reader.one(group[0]!);
    if (relative === "") {
      script.byItself();
      script.callOn(name, [number], path, follow ? 1 : 0, ...args);
      continue;
    }
    if (current !== root) script.begin("base", path);
    current = root;
    script.enter(parentOf(relative));
    const files = group.map((item) => `./${nameOf(item.relative)}`);
    if (group.length > 1) script.call("many", reader.total(group), ...files);
    else script.call(name, number, files[0]!, 0, ...args);
  }
  const answer = await run(script);
  const again: Item[] = [];
  for (const group of groups) {
    if (group.length > 1) again.push(...(await takeGroup(group, answer, reader)));
    else {
      if (Number(answer.field()) !== group[0]!.number) throw answer.lie("files in another order");
      await reader.takeOne(group[0]!, answer);
    }
  }
  return again;
}

async function takeGroup(group: readonly Item[], answer: AnswerReader, reader: Reader): Promise<readonly Item[]> {
  const sums = answer.field().split("\n");
  if (sums[0] === "") return group;
  const sizes = answer.field().split("\n").map(Number);
  const content = answer.content(reader.total(group) ?? 0);
  if (sums.length !== group.length || sizes.length !== group.length) return group;
  const again: Item[] = [];
  let at = 0;
  for (const [index, item] of group.entries()) {
    const part = content.subarray(at, (at += item.size ?? 0));
    if (!(await reader.takeEach(item, sums[index]!, sizes[index]!, part))) again.push(item);
  }
  return again;
}

function grouped(items: readonly Item[]): Item[][] {
  const groups: Item[][] = [];
  let key: string | undefined;
  for (const item of items) {
    const alone = item.relative === "" || item.length !== undefined || !isPlain(nameOf(item.relative));
    const own = alone ? undefined : `${item.root}/${parentOf(item.relative)}`;
    const last = groups.at(-1);
    if (own !== undefined && own === key && last !== undefined && last.length < mostTogether) last.push(item);
    else groups.push([item]);
    key = own;
  }
  return groups;
}
