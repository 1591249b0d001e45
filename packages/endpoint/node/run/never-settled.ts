/** Deep enough for any traceback a person reads; V8's own default of 10 hides where a call came from. */
export const stackDepth = 100;

export class NeverSettled extends Error {
  override name = "NeverSettled";

  constructor() {
    super("the promise of the function never settles: nothing is left in its process that could settle it");
    this.stack = "";
  }
}
