/* Variables of processes: exact, and hidden from other users. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { type Command, type Connector, local, openssh, shellText, ssh } from "@sremote/connectors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limitedTo } from "../../../test/support/carriage.ts";
import { bareKinds, useBareHost } from "../../../test/support/bare-hosts.ts";
import { listProcesses } from "../../../scripts/labs/processes.ts";
import { type Lab, startSshd } from "../../../scripts/labs/sshd.ts";
import { until } from "../../../scripts/labs/wait.ts";
import { closingOpened } from "../../../test/support/opened.ts";
import { Watchdog } from "./watchdog.ts";
import { RemoteProcess } from "./remote-process.ts";

let lab: Lab;
let user: string;
let directory: string;
beforeAll(async () => {
  lab = await startSshd();
  user = (await lab.addUser()).name;
  directory = await mkdtemp(join(tmpdir(), "sremote-environment-"));
});
afterAll(async () => {
  await lab?.stop();
  await rm(directory, { recursive: true });
});

const open = closingOpened();

const destination = (): Parameters<typeof openssh>[0] & object => ({
  host: lab.address,
  port: lab.port,
  username: user,
  privateKeyPath: lab.key.path,
  knownHosts: lab.knownHosts,
  sshConfig: false,
});

/** Every byte that a value can hold, in an order in which none ends what the other begins. */
const anything = Array.from({ length: 255 }, (_, at) =>
  at < 127 ? String.fromCharCode(at + 1) : String.fromCharCode(0xdc80 + at - 127),
).join("");
const odd: Record<string, string> = {
  anything,
  EMPTY: "",
  LINES: "\n\na\n\n",
  quoted: `'"$(id)\`\\n%s %b`,
  // The names of what our script uses itself.
  go: "stop",
  v: "1",
  t: "2",
  long: "0123456789 ".repeat(9000),
};
const hexOf = (name: string): string => `printf %s "$${name}" | od -An -v -tx1 | tr -d ' \\n'; echo`;
const script = Object.keys(odd).map(hexOf).join("\n");
const expected = Object.values(odd).map((text) => bytesOf(text).toString("hex"));

function bytesOf(text: string): Buffer {
  // As os.fsencode: a lone surrogate is a byte.
  return Buffer.concat(Array.from(text, (each) => (each.isWellFormed() ? Buffer.from(each) : Buffer.from([each.charCodeAt(0) - 0xdc00]))));
}

const kinds: [string, () => Connector][] = [
  ["local", () => open(local())],
  ["ssh", () => open(ssh(destination()))],
  ["openssh", () => open(openssh(destination()))],
  ["ssh, one command at a time", () => limitedTo("pipes", open(ssh(destination())))],
  ["three functions", () => limitedTo("files", open(local({ env: { PATH: "/usr/bin:/bin", TMPDIR: directory } })))],
];

describe.each(kinds)("variables over %s", (kind, connect) => {
  test("G31 are exact, whatever they hold, and do not disturb the command's input", async () => {
    const stdin = kind === "three functions" ? {} : { stdin: "input\n\\n" };
    const process = await new RemoteProcess(connect(), `${script}\ncat`, { env: odd, ...stdin }).run();
    expect(process).toMatchObject({ reason: "exit", exitCode: 0, stderr: "" });
    expect(process.stdout.split("\n")).toEqual([...expected, ...(stdin.stdin ?? "").split("\n")]);
    expect(await readdir(directory)).toEqual([]);
  });

  test("are those of a program without a shell, too, and win over the host's", async () => {
    const process = await new RemoteProcess(connect(), ["sh", "-c", 'echo "$HOME $2" "$#"', "x", "y", "$HOME"], {
      env: { HOME: "/elsewhere" },
      cwd: "/",
    }).run();
    expect(process.stdout).toBe("/elsewhere $HOME 2\n");
  });

  test("G27 are on no command line, and in nothing that is shown", async () => {
    const secret = "canary7c1e5f";
    const commands: string[] = [];
    const connector = watched(connect(), (command) => void commands.push(shellText(command)));
    const process = new RemoteProcess(connector, "exec sleep 70391", { env: { TOKEN: `${secret}\n` } }).start();
    const sleeping = await until("it to run", async () =>
      (await listProcesses()).find(({ command, pid }) => command === "sleep 70391" && pid > 0),
    );
    const lines = (await listProcesses()).map(({ command }) => command).join("\n");
    expect(lines).not.toContain(secret);
    expect(await readFile(`/proc/${sleeping.pid}/environ`, "latin1")).toContain(`TOKEN=${secret}\n\0`);
    await process.kill();
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.join("\n")).not.toContain(secret);
    expect(inspect(process, { depth: 9, showHidden: true })).not.toContain(secret);
    expect(await readdir(directory)).toEqual([]);
  });
});

/** Tells of each command before it goes to the host. */
function watched(connector: Connector, tell: (command: Command) => void): Connector {
  return {
    ...connector,
    label: connector.label,
    acceptsStdin: connector.acceptsStdin,
    exec: (command, options) => {
      tell(command);
      return connector.exec(command, options);
    },
    push: (source, path, options) => connector.push(source, path, options),
    pull: (path, sink, options) => connector.pull(path, sink, options),
    status: () => connector.status(),
    close: () => connector.close(),
    ...(connector.spawn && {
      spawn: (command, options) => {
        tell(command);
        return connector.spawn!(command, options);
      },
    }),
  };
}

describe("variables", () => {
  test.each(["watchdog", "no watchdog"])("come to a process on a terminal, and are not shown there, with %s", async (kind) => {
    const connector = open(ssh(destination()));
    const { quoted, LINES, long } = odd;
    const env = { quoted: quoted!, LINES: LINES!, long: long! };
    const process = new RemoteProcess(connector, `${Object.keys(env).map(hexOf).join("\n")}\nread -r x; echo "<$x>"`, {
      env,
      pty: true,
      killOnDisconnect: kind === "watchdog",
      stdin: true,
    }).start();
    const hex = Object.values(env).map((value) => Buffer.from(value).toString("hex"));
    await process.expect(`${hex.at(-1)}\r\n`);
    await process.write("typed\n");
    await process.wait();
    expect(process.stdout).toBe(`${hex.join("\r\n")}\r\ntyped\r\n<typed>\r\n`);
  });

  test("come without a watchdog, and with input that is written", async () => {
    const process = new RemoteProcess(open(local()), 'read -r x; echo "$A $x"', {
      env: { A: "a b" },
      killOnDisconnect: false,
      stdin: true,
    }).start();
    await process.write("written\n");
    await process.wait();
    expect(process.stdout).toBe("a b written\n");
  });

  test("that are wrong are refused before anything is sent, and their values are not told", () => {
    const refused = (env: unknown): unknown => {
      try {
        return new RemoteProcess(local(), "x", { env: env as never });
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refused([])).toMatch(/^options\.env must be an object/);
    expect(refused(new Map())).toMatch(/^options\.env must be an object/);
    expect(refused({ "a=b": "x" })).toMatch(/^options\.env\.a=b must be a name/);
    expect(refused({ "1": "x" })).toMatch(/^options\.env\.1 must be a name/);
    expect(refused({ A: 3 })).toMatch(/^options\.env\.A must be a string/);
    expect(refused({ A: "canary\0" })).toMatch(/^options\.env\.A must be a string without NUL((?!canary).)*$/s);
    expect(refused({ A: "x".repeat(131_069) })).toBeInstanceOf(RemoteProcess);
    expect(refused({ A: "x".repeat(131_070) })).toMatch(/^options\.env\.A must be at most 131071 bytes/);
  });
});

describe("variables on busybox", () => {
  const bare = useBareHost(bareKinds[0]!);
  test.each(["session", "pipes", "files"] as const)("are exact, by %s", async (carriage) => {
    const host = await bare.start(carriage);
    try {
      const process = await new RemoteProcess(host.connector, script, { env: odd }).run();
      expect(process.stdout.trim().split("\n")).toEqual(expected);
    } finally {
      await Watchdog.on(host.connector).gone();
      await host.connector.close();
    }
  });
});
