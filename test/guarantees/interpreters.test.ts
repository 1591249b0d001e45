import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { type Command, type Connector, local } from "@sremote/connectors";
import { RemoteNotSetupError } from "@sremote/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { type Carriage, limitedTo } from "../support/carriage.ts";
import { rejection } from "../support/rejection.ts";

/** Programs that the launch scripts themselves need. */
const tools = ["sh", "id", "ls", "mkdir", "rm", "dirname", "df", "tail", "tr", "cut", "uname", "cat"];

const old = {
  // As Python 3.5 does: it has no f-strings and says its version, to whoever asks.
  python: `#!/bin/sh
exec /usr/bin/python3 -c 'import sys; sys.version_info = (3, 5, 2, "final", 0); i = sys.argv.index("-c"); code = sys.argv[i + 1]; sys.argv = ["-c"] + sys.argv[i + 2:]; exec(code)' "$@"
`,
  // As Node 16 does.
  node: `#!/bin/sh
exec /usr/bin/node -e 'Object.defineProperty(process.versions, "node", { value: "16.20.2" }); const at = process.argv.findIndex((each) => each === "-e" || each === "-p"); const code = process.argv[at + 1]; const print = process.argv[at] === "-p"; process.argv.splice(1, at + (process.argv[at + 2] === "--" ? 2 : 1)); const value = (0, eval)("(function(require){return eval(" + JSON.stringify(code) + ")})")(require); if (print) console.log(value)' -- "$@"
`,
};
const standIn = "#!/bin/sh\necho 'version manager: no version is set' >&2\nexit 1\n";

describe.each(["session", "pipes", "files"] as const)("G17 interpreters over %s", (carriage) => {
  describe.each([
    { runtime: "python", name: "python3", module: "os", fn: "getpid" },
    { runtime: "node", name: "node", module: "node:os", fn: "hostname" },
  ] as const)("of $runtime", ({ runtime, name, module, fn }) => {
    let home: string;
    beforeEach(async () => {
      home = await mkdtemp(join(tmpdir(), "sremote-interpreters-"));
      await mkdir(join(home, "tools"));
      for (const tool of tools) await symlink((await run("sh", ["-c", `command -v ${tool}`])).trim(), join(home, "tools", tool));
    });
    afterEach(() => rm(home, { recursive: true }));

    const plant = async (directory: string, text: string): Promise<string> => {
      await mkdir(join(home, directory), { recursive: true });
      const path = join(home, directory, name);
      await writeFile(path, text);
      await chmod(path, 0o755);
      return path;
    };
    const connect = (path: string): RemoteClient =>
      new RemoteClient(limitedTo(carriage, local({ cwd: home, env: { HOME: home, PATH: path } })), { runtime });

    test("G17 a broken stand-in first on PATH and a good one later: the call works", async () => {
      await plant("broken", standIn);
      await using client = connect(`${join(home, "broken")}:${join(home, "tools")}:/usr/bin`);
      const { host } = await client.doRemoteCall(module, fn);
      expect(host.executable).toMatch(/^\/usr\/bin\//);
    });

    test("G17 a too old one first on PATH and a good one later: the call works", async () => {
      await plant("old", old[runtime]);
      await using client = connect(`${join(home, "old")}:${join(home, "tools")}:/usr/bin`);
      expect((await client.doRemoteCall(module, fn)).host.executable).toMatch(/^\/usr\/bin\//);
    });

    test("G17 a named one that does not exist: the error names it", async () => {
      const connector = limitedTo(carriage, local({ cwd: home, env: { HOME: home } }));
      const missing = "/nowhere/bin/interpreter";
      await using client = new RemoteClient(connector, { runtime, [runtime]: missing });
      const error = await rejection(client.doRemoteCall(module, fn), RemoteNotSetupError);
      expect(`${error.message}\n${error.details}`).toContain(missing);
    });

    test("G17 none at all: the error names every candidate tried and what to do", async () => {
      // A root directory in which nothing is but a shell and tools, for the places outside PATH are searched too.
      const tried = runtime === "python" ? ["python3", "python3.6", "python3.14", "/usr/bin/python3"] : ["node", "nodejs", "/usr/bin/node"];
      const hide = runtime === "python" ? ["/usr/bin/python3", "/usr/local/bin/python3"] : ["/usr/bin/node", "/usr/local/bin/node"];
      await using client = new RemoteClient(inNamespace(home, hide, carriage), { runtime });
      const error = await rejection(client.doRemoteCall(module, fn), RemoteNotSetupError);
      expect(error.code).toBe("interpreter-missing");
      for (const each of carriage === "files" ? tried.slice(0, 2) : tried) expect(error.message).toContain(each);
      expect(error.hint).toContain(`{ ${runtime}:`);
    });
  });
});

/** This machine with these programs hidden, by a mount namespace of each command's own. */
function inNamespace(home: string, hidden: readonly string[], carriage: Carriage): Connector {
  const inner = local({ cwd: home, env: { HOME: home, PATH: join(home, "tools") } });
  const script = `for f in ${hidden.join(" ")}; do [ ! -e "$f" ] || /bin/mount --bind /dev/null "$f"; done; exec "$@"`;
  const within = (command: Command): Command => {
    const argv = "shell" in command ? ["sh", "-c", command.shell] : command;
    return ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh", ...argv];
  };
  return limitedTo(carriage, {
    ...inner,
    exec: (command, options) => inner.exec(within(command), options),
    spawn: (command, options) => inner.spawn!(within(command), options),
  });
}
