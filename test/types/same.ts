/* What type tests say with: whether a value has exactly this type. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- two functions are only alike if what they depend on is identical
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `typed<number>()(value)` compiles where `value` is a number, and nothing wider or narrower. */
export declare function typed<Expected>(): <Actual>(
  value: Actual,
  ...same: Same<Actual, Expected> extends true ? [] : ["a value of another type"]
) => void;
