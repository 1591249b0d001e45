/*
 * The differential fuzzer: headers, values, messages, frames and packets, right, damaged and at their limits, are read by TypeScript, by the Node endpoint
 * and by the Python endpoint. Verdicts and values must be the same, and what one side sends on must mean the same to the other.
 */
import { readFileSync } from "node:fs";
import { seededRandom } from "../support/seeded-random.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import { damaged } from "./damage.ts";
import { ValueMaker } from "./grammar.ts";
import { ofText, restored, saved, type Input, type SavedInput } from "./input.ts";
import { limitInputs } from "./limits.ts";
import { message, messageKinds } from "./messages.ts";
import { PythonReader } from "./python.ts";
import { Readers, type Said } from "./readers.ts";
import { isSame, isSameValue, isTooMuch } from "./rules.ts";
import { folded, holds, sentOn } from "./shown.ts";
import { shrunk } from "./shrink.ts";
import { frames, packets } from "./wires.ts";

export interface Difference {
  readonly what: string;
  readonly input: SavedInput;
}

export interface FuzzOptions {
  readonly milliseconds: number;
  readonly seed: number;
  /** Default `python3`. */
  readonly interpreter?: string | undefined;
}

const batchSize = 200;
const mostDifferences = 5;

/** Every input that ever showed a difference. */
export function pool(): Input[] {
  const found = JSON.parse(readFileSync(new URL("differences.json", import.meta.url), "utf8")) as SavedInput[];
  return found.map(restored);
}

/** One that is right, with what it means where it is a value. */
function made(random: SeededRandom): Input {
  const choice = random.below(10);
  if (choice < 4) {
    const values = new ValueMaker(random);
    const part = values.any();
    const meaning = { typescript: part.typescript, python: part.python };
    return { ...ofText("value", ValueMaker.wire(part), values.attachments), meaning };
  }
  if (choice === 4) return ofText("header", new ValueMaker(random).any().json);
  if (choice === 5) return frames(random);
  if (choice === 6) return packets(random);
  return message(random, random.pick(messageKinds));
}

/** The pool and all limits first, then random inputs until the time is over. @returns how many were tried, and the first differences */
export async function fuzz(options: FuzzOptions): Promise<{ tried: number; differences: Difference[] }> {
  const comparer = await Comparer.begin(options.interpreter ?? "python3");
  const random = seededRandom(options.seed);
  const differences: Difference[] = [];
  let tried = 0;
  const run = async (inputs: readonly Input[]): Promise<void> => {
    tried += inputs.length;
    const found = await comparer.compare(inputs);
    for (const [at, input] of inputs.entries()) {
      const what = found[at];
      if (what === undefined || differences.length >= mostDifferences) continue;
      const least = await shrunk(input, what, async (each) => (await comparer.compare([each]))[0]);
      differences.push({ what: least.what, input: saved(least.input) });
    }
  };
  try {
    const until = performance.now() + options.milliseconds;
    await run(pool());
    await run(limitInputs());
    while (performance.now() < until && differences.length < mostDifferences) {
      const right = Array.from({ length: batchSize }, () => made(random));
      await run(right);
      await run(right.map((input) => damaged(random, input, random.pick(right))));
    }
  } finally {
    comparer.end();
  }
  return { tried, differences };
}

class Comparer {
  readonly #python: PythonReader;
  readonly #readers: Readers = new Readers();

  private constructor(python: PythonReader) {
    this.#python = python;
  }

  static async begin(interpreter: string): Promise<Comparer> {
    const python = new PythonReader(interpreter);
    await python.begin();
    return new Comparer(python);
  }

  end(): void {
    this.#python.end();
    this.#readers.close();
  }

  /** What is different, for each input. */
  async compare(inputs: readonly Input[]): Promise<(string | undefined)[]> {
    const found: (string | undefined)[] = [];
    const ours = await Promise.all(inputs.map((input) => this.#readers.read(input)));
    const theirs = await this.#python.read(inputs);
    for (const [at, input] of inputs.entries()) found.push(await this.#differenceOf(input, ours[at]!, theirs[at]!));
    await this.#sendOn(
      inputs,
      ours.map(({ typescript }) => typescript!),
      theirs,
      found,
    );
    return found;
  }

  async #differenceOf(input: Input, ours: Record<string, Said>, python: Said): Promise<string | undefined> {
    for (const [runtime, said] of Object.entries(ours)) {
      if (!isSame(input, said, python, this.#python.hasNumpy) || isTooMuch(said, python))
        return `${runtime} says ${told(said)}, python says ${told(python)}`;
    }
    const first = ours["typescript"]!;
    if (input.meaning !== undefined) return meaningMissed(input.meaning, first, python, this.#python.hasNumpy);
    if (python.said !== "accepted" || python.again === undefined) return undefined;
    return this.#sentByPython(input, python);
  }

  /** What Python makes of a value, TypeScript reads. */
  async #sentByPython(input: Input, { value, again }: Said): Promise<string | undefined> {
    // A pattern may have no equal in JavaScript, and NaN is a member of a set once.
    if (typeof again === "string")
      return holds(value, "r") || again.includes("equal to another one") ? undefined : `python does not send it on: ${again}`;
    const { typescript } = await this.#readers.read(
      ofText(
        input.kind,
        again!.text,
        again!.attachments.map((each) => Buffer.from(each)),
      ),
    );
    if (typescript!.said === "protocol-error" && holds(value, "l")) return undefined; // each runtime has URLs of its own
    if (typescript!.said === "accepted" && isSameValue(plainBytes(typescript!.value), plainBytes(value))) return undefined;
    return `python sends on ${again!.text}, and typescript says ${told(typescript!)}`;
  }

  /** What TypeScript makes of a value, itself and Python read. */
  async #sendOn(inputs: readonly Input[], ours: readonly Said[], theirs: readonly Said[], found: (string | undefined)[]): Promise<void> {
    const places = inputs.flatMap((_, at) => (typeof ours[at]!.again === "object" && found[at] === undefined ? [at] : []));
    const again = places.map((at) => {
      const { text, attachments } = ours[at]!.again as { text: string; attachments: Uint8Array[] };
      return ofText(
        inputs[at]!.kind,
        text,
        attachments.map((each) => Buffer.from(each)),
      );
    });
    const python = await this.#python.read(again);
    for (const [index, at] of places.entries()) {
      const { typescript } = await this.#readers.read(again[index]!);
      if (JSON.stringify(typescript!.value) !== JSON.stringify(sentOn(ours[at]!.value)))
        found[at] = `typescript sends on ${again[index]!.bytes.toString()}, and reads ${told(typescript!)} for ${told(ours[at]!)}`;
      else if (!isSame(again[index]!, typescript!, python[index]!, this.#python.hasNumpy))
        found[at] =
          `typescript sends on ${again[index]!.bytes.toString()}, and python says ${told(python[index]!)} for ${told(theirs[at]!)}`;
    }
  }
}

/** An array that is a view of memory in Python is sent on as bytes. */
function plainBytes(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value[0] === "a" && value.length === 4 ? ["y", value[3]] : value.map(plainBytes);
}

/** What was made on purpose is accepted, and is what it was made of, to the types of each language. */
function meaningMissed(meaning: NonNullable<Input["meaning"]>, ours: Said, python: Said, hasNumpy: boolean): string | undefined {
  const sorted = (value: unknown): string => JSON.stringify(folded(value, false));
  if (ours.said !== "accepted" || sorted(ours.value) !== sorted(meaning.typescript))
    return `typescript says ${told(ours)} for ${JSON.stringify(meaning.typescript)}`;
  if (!hasNumpy && python.said === "unsupported") return undefined;
  if (python.said !== "accepted" || sorted(python.value) !== sorted(meaning.python))
    return `python says ${told(python)} for ${JSON.stringify(meaning.python)}`;
  return undefined;
}

function told({ said, why, value }: Said): string {
  if (said !== "accepted") return why === undefined ? said : `${said} (${why})`;
  const text = JSON.stringify(value);
  return text.length < 600 ? text : `${text.slice(0, 200)} … ${text.slice(-200)}`;
}
