import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as protocol from "@sremote/protocol";
import { describe, expect, it } from "vitest";
import { checkVector } from "./check-vector.ts";
import { readVectors } from "./vector.ts";

const vectors = readVectors();

describe("the vectors", () => {
  it("are at least 300, of which 100 must be refused, each with a name of its own", () => {
    expect(vectors.length).toBeGreaterThanOrEqual(300);
    expect(vectors.filter((vector) => vector.verdict === "reject").length).toBeGreaterThanOrEqual(100);
    expect(new Set(vectors.map((vector) => vector.name)).size).toBe(vectors.length);
  });

  it("are what the cases say", () => {
    execFileSync("python3", [fileURLToPath(new URL("generate.py", import.meta.url)), "--check"]);
  });
});

describe("G19 G20 G30 the TypeScript codec does what the vectors say", () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
    checkVector(protocol, vector);
  });
});

it("a refused vector has not touched any prototype", () => {
  for (const prototype of [Object.prototype, Array.prototype]) {
    expect(Reflect.ownKeys(prototype).filter((key) => key === "polluted" || key === "x")).toEqual([]);
  }
});
