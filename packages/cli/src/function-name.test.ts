import { InvalidArgumentError } from "@sremote/protocol";
import { expect, test } from "vitest";
import { parseFunctionName } from "./function-name.ts";

test.each([
  ["os.getenv", "os", "getenv", false],
  ["os.path.join", "os.path", "join", false],
  ["pathlib:Path.home", "pathlib", "Path.home", false],
  ["collections:OrderedDict.fromkeys", "collections", "OrderedDict.fromkeys", false],
  ["node:os.hostname", "node:os", "hostname", true],
  ["node:os:hostname", "node:os", "hostname", true],
  ["node:fs/promises.readFile", "node:fs/promises", "readFile", true],
  ["node:buffer:Buffer.from", "node:buffer", "Buffer.from", true],
  ["./lib.mjs:run", "./lib.mjs", "run", false],
  ["./lib.mjs.run", "./lib.mjs", "run", false],
  ["./v1.2/lib:run", "./v1.2/lib", "run", false],
  ["/srv/a:b/lib.cjs:run", "/srv/a:b/lib.cjs", "run", false],
  ["file:///srv/lib.mjs:run", "file:///srv/lib.mjs", "run", false],
  ["file:///srv/lib.mjs.run", "file:///srv/lib.mjs", "run", false],
  ["@scope/package.run", "@scope/package", "run", false],
  ["lodash/fp:map", "lodash/fp", "map", false],
])("%s is module %s, function %s", (text, module, name, isNode) => {
  expect(parseFunctionName(text)).toEqual({ module, function: name, isNode });
});

test.each(["", "getenv", ".getenv", "os.", "os:", ":getenv", "node:os", "node:", "./lib.mjs", "/srv/lib.js", "a.b/c"])(
  "%j is refused",
  (text) => {
    expect(() => parseFunctionName(text)).toThrow(InvalidArgumentError);
  },
);
