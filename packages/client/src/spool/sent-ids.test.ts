import { expect, it } from "vitest";
import { SentIds } from "./sent-ids.ts";

it("knows the ids that were sent, and of too many says that each may have been", () => {
  const ids = new SentIds(2);
  ids.add("a");
  ids.add("b");
  ids.add("b");
  expect(["a", "b", "c"].map((id) => ids.mayHave(id))).toEqual([true, true, false]);
  ids.add("c");
  expect(["a", "c", "d"].map((id) => ids.mayHave(id))).toEqual([true, true, true]);
});
