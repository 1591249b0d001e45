import { describe, test } from "vitest";
import { connectorCases } from "../testing/index.ts";
import { local } from "./index.ts";

describe("local", () => {
  for (const one of connectorCases()) test(one.name, () => one.run(() => local()));
});
