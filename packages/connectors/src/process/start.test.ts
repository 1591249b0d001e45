/* What holds until a login shell has started a command, over every connector that goes through one. */
import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, expect, test } from "vitest";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import type { Connector } from "../connector.ts";
import { shell } from "../connector.ts";
import { createConnector } from "../custom/index.ts";
import type { CustomFunctions, CustomResult } from "../custom/index.ts";
import { openssh } from "../openssh/index.ts";
import { ssh } from "../ssh/index.ts";
import { longestLine, startLine } from "./start-line.ts";

let lab: Lab;
let directory: string;
beforeAll(async () => {
  lab = await startSshd();
  directory = await mkdtemp(join(tmpdir(), "sremote-start-"));
});
afterAll(async () => {
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
});

const target = (user: Account) => ({
  host: lab.address,
  port: lab.port,
  username: user.name,
  privateKeyPath: lab.key.path,
  knownHosts: lab.knownHosts,
  sshConfig: false as const,
});

/** An author's connector to an account, by a shell that reads its start-up file. */
function custom(user: Account, live: boolean): Connector {
  const start = (line: string, signal: AbortSignal) =>
    spawn("bash", ["-c", `. ~/.bashrc\n${line}`], { env: { HOME: user.home, PATH: "/usr/bin:/bin" }, signal });
  const exec: CustomFunctions["exec"] = (line, { signal, stdin }) =>
    new Promise<CustomResult>((resolve, reject) => {
      const child = start(line, signal);
      const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
      child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
      child.stdin.on("error", () => undefined).end(stdin);
      child
        .once("error", reject)
        .once("close", (exitCode, signalName) =>
          resolve({ exitCode, signal: signalName, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }),
        );
    });
  return createConnector({
    label: "custom://shell",
    acceptsStdin: true,
    exec,
    push: async (bytes, _path, { line, signal }) => {
      const { exitCode } = await exec(line, { signal, stdin: bytes });
      if (exitCode !== 0) throw new Error("refused");
    },
    pull: async (_path, { line, signal }) => (await exec(line, { signal })).stdout,
    ...(live && {
      spawn: async (line, { signal }) => {
        const child = start(line, signal);
        child.once("error", () => undefined);
        const exit = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
          child.once("exit", (exitCode, signalName) => resolve({ exitCode, signal: signalName }));
        });
        const kill = async (): Promise<void> => void child.kill("SIGKILL");
        return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exit, kill, [Symbol.asyncDispose]: kill };
      },
    }),
  });
}

const ways: readonly (readonly [string, (user: Account, startTimeout?: number) => Connector])[] = [
  ["ssh()", (user, startTimeout) => ssh({ ...target(user), startTimeout })],
  ["openssh()", (user, startTimeout) => openssh({ ...target(user), startTimeout })],
  ["openssh() without multiplexing", (user, startTimeout) => openssh({ ...target(user), startTimeout, multiplex: false })],
  ["createConnector()", (user) => custom(user, true)],
];
const overSsh = ways.slice(0, 3);

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => assert.fail(`it resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );

describe.each(ways)("%s", (name, open) => {
  test.each(name === "ssh()" ? ["exec zsh", "exec bash --norc", "exec fish", "exec python3 -i -"] : ["exec zsh"])(
    "nothing is written to a shell that a start-up file put in place of the account's own: %s",
    async (line) => {
      const user = await lab.addUser({ files: { ".bashrc": `${line}\n` } });
      await chmod(user.home, 0o755);
      await using host = open(user, 1000);
      const payload = Buffer.from("touch ~/EXECUTED\nimport os; os.mkdir(os.path.expanduser('~/EXECUTED'))\n".repeat(200));
      const spawned = async (): Promise<unknown> => {
        await using process = await host.spawn!(["cat"]);
        process.stdin.on("error", () => undefined).write(payload);
        return await process.exit;
      };
      const whole = { stdin: payload, timeout: name === "createConnector()" ? 5000 : undefined };
      const works: (() => Promise<unknown>)[] = [
        () => host.exec(["cat"], whole),
        () => host.exec(["cat", "x".repeat(20_000)], whole),
        () => host.push(payload, `${user.home}/pushed`),
        spawned,
      ];
      const errors = await Promise.all(works.map((work) => rejection(work())));
      for (const error of errors) expect(error).toMatchObject({ name: "ConnectError", code: "channel-failed" });
      expect(String(errors[0])).toMatch(/login shell did not start the command/);
      expect(await readdir(user.home)).not.toContain("EXECUTED");
    },
  );

  test("the end of input goes through, so that start-up files that read it go on", async () => {
    const user = await lab.addUser({ files: { ".bashrc": "read answer; cat; echo hello\n" } });
    await chmod(user.home, 0o755);
    await using host = open(user);
    const { exitCode, stdout } = await host.exec(["printf", "%s", "done"]);
    expect(exitCode).toBe(0);
    expect(Buffer.from(stdout).toString()).toMatch(name === "createConnector()" ? /done$/ : /^done$/);
  });
});

// openssh() without multiplexing does not ask: that would be another authentication. There the deadline ends it.
test.each(ways.filter(([name]) => !name.includes("without")))(
  "%s: long before the deadline, a second command tells what keeps one with input from starting",
  async (_name, open) => {
    for (const [line, reason] of [
      ["exec zsh", /did not start the command, nor one without input/],
      ["cat > /dev/null", /did not start the command: a start-up file reads the input/],
    ] as const) {
      const user = await lab.addUser({ files: { ".bashrc": `${line}\n` } });
      await chmod(user.home, 0o755);
      await using host = open(user, 60_000);
      const process = await host.spawn!(["cat"]);
      process.stdin.on("error", () => undefined).write("x");
      expect(String(await rejection(process.exit))).toMatch(reason);
    }
  },
  25_000,
);

describe.each(overSsh)("%s to an account whose shell never starts a command", (_name, open) => {
  let user: Account;
  beforeAll(async () => {
    user = await lab.addUser({ files: { ".bashrc": "echo Welcome to the menu; sleep 1000\n" } });
  });

  test("the start has a deadline, and the error shows what the host said", async () => {
    await using host = open(user, 1000);
    const before = performance.now();
    const error = await rejection(host.exec(["true"]));
    expect(error).toMatchObject({ code: "channel-failed", lastLines: "Welcome to the menu" });
    expect(error).toMatchObject({
      message: expect.stringContaining("within 1000 ms") as string,
      details: expect.stringMatching(/^hint: .*start-up file/m) as string,
    });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test("deadlines and signals of an operation hold, and close ends", async () => {
    const host = open(user);
    await host.status({ timeout: 5000 });
    const before = performance.now();
    const late = [
      rejection(host.exec(["cat"], { stdin: Buffer.from("x"), timeout: 1000 })),
      rejection(host.push(Buffer.from("x"), "/tmp/never", { timeout: 1000 })),
      rejection(host.pull("/etc/passwd", { write: () => undefined }, { timeout: 1000 })),
    ];
    for (const error of await Promise.all(late)) expect(error).toMatchObject({ code: "timeout" });
    expect(performance.now() - before, "100 ms after the deadline, on a busy machine").toBeLessThan(2500);
    const control = new AbortController();
    const aborted = rejection(host.exec(["true"], { signal: control.signal }));
    control.abort();
    expect(await aborted).toMatchObject({ code: "cancelled" });
    const process = host.spawn!(["cat"]).then(({ exit }) => exit);
    const closing = performance.now();
    process.catch(() => undefined);
    await host.close();
    expect(performance.now() - closing).toBeLessThan(15_000);
    expect(await rejection(process)).toBeInstanceOf(Error);
  });
});

describe("the line for the login shell", () => {
  test.each(overSsh)("%s: is short, whatever the command is", async (_name, open) => {
    const lengths = join(directory, `lengths-${Math.random()}`);
    const program = join(directory, `shell-${Math.random()}`);
    await writeFile(lengths, "");
    await chmod(lengths, 0o666);
    await writeFile(program, `#!/bin/bash\n[ "$1" = -c ] && echo "\${#2}" >> ${lengths}\nexec /bin/bash "$@"\n`);
    await chmod(directory, 0o755);
    await chmod(program, 0o755);
    const user = await lab.addUser({ shell: program });
    await using host = open(user);
    const text = "x".repeat(100_000);
    expect((await host.exec(["printf", "%s", text])).stdout.length).toBe(100_000);
    expect((await host.exec(["sh", "-c", `cat; : ${text}`], { stdin: Buffer.from("input") })).stdout).toEqual(
      new Uint8Array(Buffer.from("input")),
    );
    const script = shell(`: '${text.repeat(3)}'\necho "$# $0"; cat; exit 9`);
    const result = await host.exec(script, { stdin: Buffer.from("input") });
    expect(Buffer.from(result.stdout).toString()).toBe("0 sh\ninput");
    expect(result.exitCode).toBe(9);
    const terminal = await host.spawn!(shell(`: '${text}'\nread a; echo "got $a"; stty -a | grep -o '.echo '`), {
      pty: { rows: 24, columns: 80 },
    });
    terminal.stdin.write("word\n");
    expect(String(Buffer.concat(await terminal.stdout.toArray())).replaceAll("\r", "")).toMatch(/^(word\n)?got word\n echo \n$/);
    await host.push(Buffer.from("x"), `${user.home}/${"d".repeat(200)}`);
    const seen = (await readFile(lengths, "utf8")).trim().split("\n").map(Number);
    expect(seen.length).toBeGreaterThanOrEqual(5);
    expect(Math.max(...seen)).toBeLessThanOrEqual(longestLine);
  });

  test("of any command is within the limit, and one that no host can run is refused before", () => {
    for (let length = 0; length < 6000; length += 7) {
      for (const character of ["x", "'", "\n"]) {
        expect(startLine(["echo", character.repeat(length)]).line.length).toBeLessThanOrEqual(longestLine);
      }
    }
    expect(() => startLine(["echo", "x".repeat(131_072)])).toThrow(/command\[1\] must be at most 128 KiB/);
    expect(startLine(["echo", "x".repeat(131_071)]).line.length).toBeLessThanOrEqual(longestLine);
    expect(() => startLine(shell("x".repeat(2 ** 24 + 1)))).toThrow(/command must be a script of at most 16 MiB/);
  });

  test("without dd on the host, sh itself reads the script", async () => {
    const user = await lab.addUser({ files: { ".bashrc": "mkdir -p ~/b; ln -sf /bin/sh /bin/cat ~/b; PATH=~/b\n" } });
    await using host = ssh(target(user));
    const script = shell(`: '${"x".repeat(10_000)}'; cat; exit 3`);
    expect(await host.exec(script, { stdin: Buffer.from("a\nb") })).toMatchObject({
      exitCode: 3,
      stdout: new Uint8Array(Buffer.from("a\nb")),
    });
  });
});
