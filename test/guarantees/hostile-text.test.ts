import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Effects, plantEffects } from "../support/effects.ts";
import { mainKinds, runtimesOn, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

/** Text that a shell would act on; `#` stands for the path that it would make. */
const hostile = [
  "$(touch #)",
  "`touch #`",
  "'; touch #; '",
  '"; touch #; "',
  "a\ntouch #\n",
  "-c touch${IFS}#",
  "--help",
  "x y",
  "*",
  "~root",
  "\\",
  "%s%n",
  "!!",
  "\u00e9\u202e",
];

// The host in memory has no shell of its own: it is the local one again.
describe.each(mainKinds.filter(({ name }) => name !== "memory"))("G08 nothing of a caller's reaches a shell on $name", (kind) => {
  describe.each(runtimesOn(kind))("in %s", (runtime) => {
    let host: TestHost;
    let client: RemoteClient;
    let trap: string;
    let texts: string[];
    beforeAll(async () => {
      host = await kind.start();
      await plantEffects(host.home);
      client = new RemoteClient(host.connector, { runtime });
      trap = join(host.home, "trap");
      texts = hostile.map((text) => text.replaceAll("#", trap));
    });
    afterAll(async () => {
      await client?.close();
      await host?.[Symbol.asyncDispose]();
    });

    test("G08 arguments and variables arrive as they are", async () => {
      const env = Object.fromEntries(texts.map((text, index) => [`HOSTILE_${index}`, text]));
      expect((await new Effects(host.home).call(client, runtime, texts, { env })).value).toEqual(texts);
      const show =
        runtime === "python"
          ? ["builtins", "eval", ["{k: v for k, v in __import__('os').environ.items() if k.startswith('HOSTILE_')}"]]
          : [
              "node:vm",
              "runInThisContext",
              ["Object.fromEntries(Object.entries(globalThis.process.env).filter(([k]) => k.startsWith('HOSTILE_')))"],
            ];
      expect((await client.doRemoteCall(show[0] as string, show[1] as string, show[2] as string[], { env })).value).toEqual(env);
      expect(existsSync(trap)).toBe(false);
    });

    test("G08 names of modules and functions are refused as unknown", async () => {
      for (const text of texts.slice(0, 7)) {
        expect(await rejection(client.doRemoteCall(text, "f"), RemoteExecError)).toMatchObject({
          outcome: "not-run",
          code: "module-not-found",
        });
        expect(await rejection(client.doRemoteCall(runtime === "python" ? "os" : "node:os", text), RemoteExecError)).toMatchObject({
          outcome: "not-run",
          code: "function-not-found",
        });
      }
      expect(existsSync(trap)).toBe(false);
    });

    test("G08 working directories and directories of the client's are taken literally", async () => {
      const [module, fn] = runtime === "python" ? (["os", "getcwd"] as const) : (["node:process", "cwd"] as const);
      for (const text of ["$(touch trap)", 'it\'s "quoted"', "-leading dash", "a\nb", "`touch trap`; x"]) {
        expect((await client.doRemoteCall(module, fn, [], { cwd: `work/${text}` })).value).toBe(join(host.home, "work", text));
      }
      for (const text of ["$(touch trap)", 'it\'s "quoted" `touch trap`', "-leading dash", "; touch trap #", "* ?"]) {
        await using other = new RemoteClient(unclosed(host), { runtime, sremoteDir: `dirs/${text}` });
        for (const _ of [1, 2]) expect((await other.doRemoteCall(module, fn)).host.base).toBe(join(host.home, "dirs", text));
      }
      expect(existsSync(trap)).toBe(false);
      expect((await readdir(join(host.home, "dirs"))).length).toBe(5);
    });
  });
});

/** The host's operations without its end, for clients that come and go. */
function unclosed({ connector }: TestHost): TestHost["connector"] {
  return {
    label: connector.label,
    acceptsStdin: connector.acceptsStdin,
    exec: (command, options) => connector.exec(command, options),
    push: (source, path, options) => connector.push(source, path, options),
    pull: (path, sink, options) => connector.pull(path, sink, options),
    status: (options) => connector.status(options),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
