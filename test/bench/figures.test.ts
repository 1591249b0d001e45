import { describe, expect, test } from "vitest";
import { isMet, ratio, table, type Figure } from "../../bench/figure.ts";
import { replaceSection } from "../../bench/readme.ts";
import { restFigures, type RestMeasurement } from "../../bench/rest.ts";
import { interleaved, median, quantile } from "../../bench/statistics.ts";

describe("statistics", () => {
  test("median and quantiles of values in any order", () => {
    expect(median([5, 1, 9])).toBe(5);
    const hundred = Array.from({ length: 100 }, (_, index) => (index * 37) % 100);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile([7], 0.99)).toBe(7);
    expect(median([])).toBeNaN();
  });

  test("each round takes every row once and begins with another; warming up is dropped", async () => {
    const order: string[] = [];
    const row = (name: string) => (): Promise<number> => Promise.resolve(order.push(name));
    const values = await interleaved({ a: row("a"), b: row("b"), c: row("c") }, { rounds: 2, warmUp: 1 });
    expect(order.join("")).toBe("abcbcacab");
    expect([...values]).toEqual([
      ["a", [6, 8]],
      ["b", [4, 9]],
      ["c", [5, 7]],
    ]);
  });

  test("a row may give many values", async () => {
    expect((await interleaved({ a: () => Promise.resolve([1, 2]) }, { rounds: 2, warmUp: 0 })).get("a")).toEqual([1, 2, 1, 2]);
  });

  test("an optional row that fails takes only itself away, another all", async () => {
    const rows = { ours: () => Promise.resolve(1), peer: () => Promise.reject(new Error("not today")) };
    const values = await interleaved(rows, { rounds: 2, warmUp: 0, optional: (name) => name === "peer" });
    expect([...values]).toEqual([["ours", [1, 1]]]);
    await expect(interleaved(rows, { rounds: 2, warmUp: 0 })).rejects.toThrow("not today");
  });
});

describe("figures", () => {
  const figure = (value: number, aim: { atMost?: number; atLeast?: number }): Figure => ({
    name: "warm call",
    value,
    unit: "ms",
    compared: [{ with: "floor", value: 2, ...aim }],
  });

  test("an aim is met up to its limit, and nothing is said where there is none", () => {
    const met = (value: number, aim: { atMost?: number; atLeast?: number }): boolean | undefined => {
      const one = figure(value, aim);
      return isMet(one, one.compared![0]!);
    };
    expect([met(3, { atMost: 1.5 }), met(3.01, { atMost: 1.5 })]).toEqual([true, false]);
    expect([met(1.4, { atLeast: 0.7 }), met(1.39, { atLeast: 0.7 })]).toEqual([true, false]);
    expect(met(3, {})).toBeUndefined();
    expect(met(Number.NaN, { atMost: 1.5 }), "what was not measured is not met").toBe(false);
  });

  test("a missed aim is marked in the table", () => {
    const [, , met, missed] = table([figure(3, { atMost: 1.5 }), figure(8, { atMost: 1.5 })]).split("\n");
    expect(met).toBe("| warm call | 3.00 ms | 1.50 × floor (aim ≤ 1.50) |");
    expect(missed).toBe("| warm call | 8.00 ms | **4.00 × floor (aim ≤ 1.50: missed)** |");
    expect(ratio(figure(8, {}), { with: "floor", value: 2 })).toBe(4);
  });
});

describe("figures of REST connectors", () => {
  const measured = (part: Partial<RestMeasurement>): RestMeasurement => ({
    host: "newt (stub)",
    operation: "command",
    milliseconds: 30,
    requests: 3,
    bare: 2,
    ...part,
  });
  const found = (part: Partial<RestMeasurement>): Figure => restFigures([measured(part)], { shell: 5, python: 15 }).at(-1)!;

  test("compare with as many bare requests as were sent, and with the least program that does as much", () => {
    const [, , command, call, push] = table([found({}), found({ operation: "call", requests: 1 }), found({ operation: "push" })]).split(
      "\n",
    );
    expect(command).toBe("| newt (stub): command `true` | 30.0 ms | 5.00 × its 3 requests, bare; 6.00 × `sh -c true` run locally |");
    expect(call).toBe("| newt (stub): call of os.getpid | 30.0 ms | 15.0 × its request, bare; 2.00 × `python3 -c pass` run locally |");
    expect(push).toBe("| newt (stub): push of 8 MiB | 30.0 ms | 5.00 × its 3 requests, bare |");
  });

  test("a call over a session, which sends no request, is compared with none", () => {
    expect(found({ operation: "call", requests: 0 }).compared).toEqual([{ with: "`python3 -c pass` run locally", value: 15 }]);
  });

  test("the README quotes one operation of each host, and the floor", () => {
    const operations = ["command", "call", "large call", "push", "pull"] as const;
    const all = operations.flatMap((operation) => [measured({ operation }), measured({ host: "docker", operation })]);
    const quoted = restFigures(all, { shell: 5, python: 15 }).filter(({ role }) => role !== undefined);
    expect(quoted.map(({ name, role }) => [name, role])).toEqual([
      ["`python3 -c pass` run locally (floor of a call without a session)", "floor"],
      ["newt (stub): call of os.getpid", "headline"],
      ["docker: call of os.getpid", "headline"],
    ]);
  });
});

describe("the section of the README", () => {
  test("is replaced between its markers, and nothing else", () => {
    const text = "before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter $&\n";
    expect(replaceSection(text, "bench", "new $&")).toBe("before\n<!-- bench:begin -->\n\nnew $&\n\n<!-- bench:end -->\nafter $&\n");
  });

  test.each(["no markers", "<!-- bench:begin -->", "<!-- bench:end --><!-- bench:begin -->", "<!-- bench:begin -->".repeat(2)])(
    "is not guessed: %s",
    (text) => expect(() => replaceSection(text, "bench", "new")).toThrow("markers"),
  );
});
