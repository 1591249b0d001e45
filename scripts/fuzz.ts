/* The differential fuzzer for longer: `npm run fuzz -- --seconds 600 --seed 1`. Ends with 1 when the codecs differ. */
import { parseArgs } from "node:util";
import { fuzz } from "../test/fuzz/fuzz.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "600" }, seed: { type: "string" } } });
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!(seconds > 0) || !Number.isInteger(seed)) throw new Error("--seconds takes a number above 0, --seed a whole number");
const { tried, differences } = await fuzz(seconds * 1000, seed);
for (const difference of differences) console.log(JSON.stringify(difference));
console.log(`${tried} texts with the seed ${seed}, ${differences.length} differences`);
process.exitCode = differences.length > 0 ? 1 : 0;
