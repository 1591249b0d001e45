/* What a call does and says, shown with the built endpoint: values, output, errors, ends. G12, G24, G30, G31. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { call } from "./testing/harness.ts";
import { lib, library, sandbox, useSandbox } from "./testing/library-sandbox.ts";

useSandbox();

describe("modules and functions", () => {
  it.each([
    ["node:path", "basename", ["/a/b"], "b"],
    ["path", "posix.basename", ["/a/b"], "b"],
    ["common", "add", [1, 2], 3],
    ["common", "deep.er.name", [], "deep"],
    ["common/part", "part", [], "part"],
    ["modern", "kind", [], "modern"],
    ["modern", "default", [], "default"],
    ["ours", "which", [], "ours"],
    ["./function.cjs", "default", [1], 2],
    ["./function.cjs", "of", [], true],
    ["./extension", "found", [], "extension"],
    ["./folder", "found", [], "folder"],
    ["./lib.mjs", "later", ["x"], "x"],
    ["./lib.mjs", "thenable", ["y"], "y"],
    ["./lib.mjs", "Point.origin", [], { x: 0, own: true }],
    ["node:buffer", "Buffer.from", ["hi"], Uint8Array.of(104, 105)],
    ["node:url", "URL", ["http://a.example/b"], new URL("http://a.example/b")],
  ])("%s %s", async (module, fn, args, expected) => {
    const reply = await call(sandbox, module, fn, args);
    expect(reply.error).toBeUndefined();
    expect(reply.value).toEqual(expected);
  });

  it("an absolute path, and keyword arguments as one object after the others", async () => {
    const reply = await call(sandbox, join(sandbox.work, "lib.mjs"), "echo", [1], { kwargs: { a: 2 } });
    expect(reply.value).toEqual([1, { a: 2 }]);
  });

  it.each([
    ["absent", "installPackages"],
    ["absent/part", "installPackages"],
    ["./absent.mjs", "cwd"],
    ["common/absent", "installPackages"],
    ["modern/absent", "installPackages"],
    ["node:absent", undefined],
  ])("%s is a module that is not found", async (module, hint) => {
    const { outcome, error } = await call(sandbox, module, "f");
    expect([outcome, error?.code, error?.stage]).toEqual(["not-run", "module-not-found", "import"]);
    expect(error?.message).toContain(module);
    if (hint === undefined) expect(error?.hint).toBeUndefined();
    else expect(error?.hint).toContain(hint);
    expect(error?.names?.length).toBeGreaterThan(0);
  });

  it("a module that lacks one of its own is raised from its import", async () => {
    const { outcome, error } = await call(sandbox, "./needy.mjs", "a");
    expect([outcome, error?.code, error?.stage]).toEqual(["raised", "raised", "import"]);
    expect(error?.message).toContain("not-there");
  });

  it.each([
    ["./syntax.cjs", "syntax.cjs"],
    ["./syntax.mjs", "syntax.mjs"],
  ])("a syntax error in %s says where", async (module, file) => {
    const { outcome, error } = await call(sandbox, module, "a");
    expect([outcome, error?.stage, error?.type]).toEqual(["raised", "import", "SyntaxError"]);
    expect(error?.frames?.at(-1)).toMatchObject({ file: join(sandbox.work, file), line: 2, source: "const b = ;" });
  });

  it("what a module throws while loading is raised from its import", async () => {
    const { error } = await call(sandbox, "./raising.mjs", "a");
    expect(error).toMatchObject({ code: "raised", stage: "import", type: "Error", message: "while loading" });
    expect(error?.frames?.at(-1)).toMatchObject({ file: join(sandbox.work, "raising.mjs"), line: 1 });
  });

  it("a function that is not found: near names", async () => {
    const { outcome, error } = await call(sandbox, "node:os", "hostnam");
    expect(outcome).toBe("not-run");
    expect(error).toMatchObject({ code: "function-not-found", stage: "lookup" });
    expect(error?.names).toContain("hostname");
    const other = await call(sandbox, "node:os", "EOL");
    expect(other.error?.message).toContain("a string, not a function");
  });

  it("registered modules are checked before anything runs", async () => {
    const good = await call(sandbox, "common", "add", [1, 2], { modules: { common: "1.2.3", modern: null } });
    expect([good.value, good.modules]).toEqual([3, { common: "1.2.3", modern: "4.5.6-beta.1" }]);
    const wrong = await lib("hang", [join(sandbox.work, "never")], { modules: { common: "2.0.0" } });
    expect([wrong.outcome, wrong.error?.code]).toEqual(["not-run", "module-version"]);
    const none = await lib("hang", [join(sandbox.work, "never")], { modules: { absent: null } });
    expect([none.outcome, none.error?.code]).toEqual(["not-run", "module-missing"]);
    // A package of such a name may be anybody's.
    for (const { error } of [wrong, none]) expect(error?.hint).toMatch(/^(?!.*(?:absent|common)).*if it is yours, ship it/);
  });
});

describe("G12 a result that cannot travel fails only its call", () => {
  it.each([
    ["nested", "return.items[3].handler", undefined],
    ["instance", "return", "plain object"],
    ["items", "return", "collect it in an array"],
    ["stream", "return", "for await"],
  ])("%s", async (fn, path, hint) => {
    const { outcome, error } = await lib(fn);
    expect([outcome, error?.code, error?.stage, error?.path]).toEqual(["raised", "unserializable-result", "result", path]);
    expect(error?.message).toMatch(new RegExp(`^\\./lib\\.mjs\\.${fn} ran, but its result cannot be sent: return(?!.* ran)`));
    if (hint !== undefined) expect(error?.hint).toContain(hint);
  });

  it("a getter that throws", async () => {
    const { outcome, error } = await lib("getter");
    expect([outcome, error?.code, error?.stage]).toEqual(["raised", "unserializable-result", "result"]);
    expect([error?.type, error?.message]).toEqual(["RangeError", "in a getter"]);
  });
});

it("G30 values come back exactly", async () => {
  const values = [
    -0,
    NaN,
    Infinity,
    2 ** 53 - 1,
    2n ** 63n,
    1e20,
    "\ud800",
    JSON.parse('{"__proto__":1,"constructor":2}'),
    new Map([[[1], new Set(["a"])]]),
    new Date(1),
    undefined,
    null,
    new Float64Array([NaN, -0]),
  ] as unknown[];
  expect((await lib("echo", values)).value).toEqual(values);
});

describe("errors", () => {
  it.each(["outer", "asyncOuter"])("%s: type, message, frames with their text, and cause", async (fn) => {
    const { outcome, error } = await lib(fn);
    expect(outcome).toBe("raised");
    expect(error).toMatchObject({
      code: "raised",
      stage: "call",
      type: "TypeError",
      message: "inner problem",
      cause: { type: "Error", message: "root problem" },
    });
    const file = join(sandbox.work, "lib.mjs");
    const lineOf = (text: string): number => library.split("\n").findIndex((line) => line.includes(text)) + 1;
    expect(error?.frames).toEqual([
      { file, line: lineOf(`function ${fn}()`), function: fn, source: library.split("\n")[lineOf(`function ${fn}()`) - 1] },
      { file, line: lineOf("function middle()"), function: "middle", source: library.split("\n")[lineOf("function middle()") - 1] },
    ]);
  });

  it("all of an AggregateError", async () => {
    const { error } = await lib("many");
    expect(error).toMatchObject({
      type: "AggregateError",
      message: "several",
      exceptions: [{ message: "one" }, { type: "RangeError", message: "two" }],
    });
  });

  it.each([
    ["text", "string", "threw string: x"],
    ["nothing", "null", "threw: null"],
    ["missing", "undefined", "threw: undefined"],
    ["object", "object", "threw object: { a: 1 }"],
  ])("what is no Error: %s", async (kind, type, message) => {
    expect((await lib("throwing", [kind])).error).toMatchObject({ code: "raised", type, message });
  });

  it("a cause that is the error itself, and a deep stack, stay bounded", async () => {
    expect((await lib("loop")).error).toMatchObject({ message: "ring" });
    const { error } = await lib("deep", [5000]);
    expect(error?.frames?.length).toBeLessThanOrEqual(100);
    expect(error?.frames?.at(-1)).toMatchObject({ function: "deep" });
  });

  it.each([
    ["unhandled", "rejected aside"],
    ["uncaught", "thrown aside"],
    ["never", "never settles"],
  ])("%s", async (fn, message) => {
    const { outcome, error } = await lib(fn);
    expect(outcome).toBe("raised");
    expect(error?.message).toContain(message);
  });
});
