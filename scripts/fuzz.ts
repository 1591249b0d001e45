/*
 * The differential fuzzer for longer: `npm run fuzz -- --seconds 600 --seed 1 --python PROGRAM`. Ends with 1 when the codecs differ. What is printed of a
 * difference goes into test/fuzz/differences.json, whose inputs are tried first from then on.
 */
import { parseArgs } from "node:util";
import { fuzz } from "../test/fuzz/fuzz.ts";

const options = { seconds: { type: "string", default: "600" }, seed: { type: "string" }, python: { type: "string" } } as const;
const { values } = parseArgs({ options });
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!(seconds > 0) || !Number.isInteger(seed)) throw new Error("--seconds takes a number above 0, --seed a whole number");
const { tried, differences } = await fuzz({ milliseconds: seconds * 1000, seed, interpreter: values.python });
for (const { what, input } of differences) console.log(`${what}\n  ${JSON.stringify({ ...input, about: "" })}`);
console.log(`${tried} inputs with the seed ${seed}, ${differences.length} differences`);
process.exitCode = differences.length > 0 ? 1 : 0;
