/* `npm run demo`: what this product is for, on this machine alone. Every line that begins with `>` is what a program or a person would write. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { inspect, styleText } from "node:util";
import { local, RemoteClient, RemoteExecError, ssh } from "sremote";
import { type EmbeddedSsh, startEmbeddedSsh } from "./labs/embedded-ssh.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

function heading(title: string): void {
  console.log(`\n${styleText("bold", title)}`);
}

function code(line: string): void {
  console.log(`  ${styleText("cyan", `> ${line}`)}`);
}

function show(what: string, value: unknown, since?: number): void {
  const shown = typeof value === "string" ? value : inspect(value, { breakLength: 110, depth: 4 });
  const took = since === undefined ? "" : styleText("dim", `   (${Math.round(performance.now() - since)} ms)`);
  console.log(`    ${`${what}:`.padEnd(8)} ${shown.trimEnd().replaceAll("\n", `\n${" ".repeat(13)}`)}${took}`);
}

/** A module of the user's own. The host has never seen it; it is pushed like any file. */
const source = Buffer.from(`
import datetime

def describe(name, digits=10):
    print("describing", name)
    return {
        "name": name,
        "when": datetime.datetime(2026, 11, 22, 8, 0, tzinfo=datetime.timezone.utc),
        "raw": bytes(range(4)),
        "big": 2 ** digits,
        "parts": {1, 2, 3},
    }

def train(epochs):
    for epoch in range(epochs):
        print("epoch", epoch)

def squares(upto):
    for each in range(upto):
        yield each * each

def broken(values):
    return sum(values) / len(values)
`);

async function main(host: EmbeddedSsh, base: string): Promise<void> {
  const started = performance.now();
  const address = `${host.username}@${host.address}:${host.port}`;
  heading("An SSH host (ssh2's own server in this process, on loopback) with an empty home directory");
  show("home", `${host.home}: ${(await readdir(host.home)).length} files`);
  code(`const client = new RemoteClient(ssh("${address}", { privateKeyPath, hostKey: { fingerprint } }))`);
  const connect = (): RemoteClient =>
    new RemoteClient(
      ssh(address, { privateKeyPath: host.privateKeyPath, hostKey: { fingerprint: host.fingerprint }, sshConfig: false, agent: false }),
    );
  await using client = connect();

  heading("The first call connects, finds Python, starts a session in memory and calls");
  code('await client.doRemoteCall("os", "getenv", ["HOME"])');
  const coldSince = performance.now();
  const first = await client.doRemoteCall("os", "getenv", ["HOME"]);
  const cold = performance.now() - coldSince;
  show("value", first.value, coldSince);
  show("python", `${first.host.version}, ${first.host.executable}`);
  show("home", `still ${(await readdir(host.home)).length} files: the endpoint travelled over the channel and lives in memory`);

  heading("What a function prints comes back beside its value");
  code('await client.doRemoteCall("builtins", "print", ["hello from the host"])');
  const printed = await client.doRemoteCall("builtins", "print", ["hello from the host"]);
  show("value", printed.value);
  show("stdout", printed.stdout);

  heading("A module of your own: push it, call it with keywords; dates, bytes, sets and big integers arrive as such");
  code("await client.connector.push(source, `${home}/report.py`)   // appears whole or not at all");
  await client.connector.push(source, join(host.home, "report.py"));
  code('await client.doRemoteCall("report", "describe", { name: "run 7", digits: 70 }, { cwd: "." })');
  const described = await client.doRemoteCall("report", "describe", { name: "run 7", digits: 70 }, { cwd: "." });
  show("value", described.value);
  show("stdout", described.stdout);

  heading("Output live, items of a generator, and a function of this program that the host calls");
  code('for await (const line of client.call("report", "train", [3], { cwd: "." }).stdout) …');
  for await (const line of client.call("report", "train", [3], { cwd: "." }).stdout) show("line", line);
  code('for await (const item of client.call("report", "squares", [3], { cwd: "." }).items()) …');
  for await (const item of client.call("report", "squares", [3], { cwd: "." }).items()) show("item", item);
  code('await client.call("functools", "reduce", [(a, b) => a + b, [1, 2, 3, 4]])');
  show("value", (await client.call("functools", "reduce", [(a: number, b: number) => a + b, [1, 2, 3, 4]])).value);

  heading("A function of Node on the same host");
  code('await client.doRemoteCall("node:path", "relative", ["/srv/data", "/srv/code"], { runtime: "node" })');
  const node = await client.doRemoteCall("node:path", "relative", ["/srv/data", "/srv/code"], { runtime: "node" });
  show("value", node.value);
  show("node", `${node.host.version}, ${node.host.executable}`);

  heading("Environment variables are in place before the interpreter starts");
  code('await client.doRemoteCall("os", "getenv", ["GREETING"], { env: { GREETING: "good morning" } })');
  show("value", (await client.doRemoteCall("os", "getenv", ["GREETING"], { env: { GREETING: "good morning" } })).value);

  heading("An exception comes back with the host's traceback");
  code('await client.module("report", { cwd: "." }).broken([])');
  await client.module("report", { cwd: "." }).broken!([]).catch((error: unknown) => {
    if (!(error instanceof RemoteExecError)) throw error;
    show("code", error.code);
    show("error", error.message);
    show("details", error.details);
  });

  heading("This machine is a host as well");
  code("const here = new RemoteClient(local(), { sremoteDir: temporary })");
  code('await here.module("platform").platform()');
  await using here = new RemoteClient(local(), { sremoteDir: base });
  show("value", await here.module("platform").platform!());

  heading("The same from a shell");
  const options = ["-F", "none", "-i", host.privateKeyPath, "--host-key", host.fingerprint];
  await command(["call", address, "math.hypot", "3", "4"], options);
  await command(["call", address, "json.dumps", '{"a": [1, 2]}', "--kw", "indent=2"], options);
  await command(["call", "local", "node:os.type"], ["--sremote-dir", base]);
  await command(["call", address, "math.sqrt", "-1"], options);

  await timings(client, connect, cold, first.host.executable);
  console.log(`\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s; everything made for this demonstration is removed.`);
}

/** Runs the real command from source; the connection's options are left out of what is shown. */
async function command([name, ...args]: readonly [string, ...string[]], options: readonly string[]): Promise<void> {
  code(`sremote ${[name, ...args].map((each) => (/^[\w@.:,/+=-]+$/.test(each) ? each : `'${each}'`)).join(" ")}`);
  const program = ["--disable-warning=ExperimentalWarning", "--conditions=@sremote/source", join(root, "packages/sremote/src/command.ts")];
  // After the options, so that a negative number is not taken for one.
  const child = spawn(process.execPath, [...program, name, ...options, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const status = new Promise<number | null>((resolve, reject) => child.once("close", resolve).once("error", reject));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), status]);
  if (stdout !== "") show("stdout", stdout);
  if (stderr !== "") show("stderr", stderr);
  show("exit", String(exitCode));
}

/** @param python the interpreter that calls run on, so that the floor is the same program */
async function timings(client: RemoteClient, connect: () => RemoteClient, cold: number, python: string): Promise<void> {
  heading("Timings over SSH on loopback, in this run");
  const bare = [python, "-c", "pass"] as const;
  const floor = await median(5, () => client.connector.exec(bare));
  const connectFloor = await median(3, async () => {
    await using again = connect();
    await again.connector.exec(bare);
  });
  const further = await median(101, () => client.doRemoteCall("os", "getenv", ["HOME"]));
  const again = await median(3, async () => {
    await using other = connect();
    await other.doRemoteCall("os", "getenv", ["HOME"]);
  });
  row("connect and run `python3 -c pass`", connectFloor, connectFloor);
  row("first call ever: connect, start a session, call", cold, connectFloor);
  row("first call of a new client", again, connectFloor);
  row("run `python3 -c pass` on an open connection", floor, floor);
  row("further calls on the same connection", further, floor);
}

function row(what: string, time: number, against: number): void {
  const ratio = time === against ? "the floor for these" : `${(time / against).toFixed(time < against / 10 ? 2 : 1)} × floor`;
  console.log(`    ${what.padEnd(52)} ${time.toFixed(time < 10 ? 1 : 0).padStart(5)} ms   ${ratio}`);
}

async function median(count: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < count; run++) {
    const since = performance.now();
    await work();
    times.push(performance.now() - since);
  }
  return times.toSorted((a, b) => a - b)[count >> 1]!;
}

console.log("sremote: call Python and JavaScript functions on other machines, with nothing installed there beforehand");
const temporary = await mkdtemp(join(tmpdir(), "sremote-demo-"));
// The Node that runs this is one the hosts can find too.
const host = await startEmbeddedSsh({ env: { PATH: `${process.env["PATH"] ?? ""}${delimiter}${dirname(process.execPath)}` } });
async function cleanUp(): Promise<void> {
  await host.stop();
  await rm(temporary, { recursive: true, force: true });
}
process.once("SIGINT", () => void cleanUp().finally(() => process.exit(130)));
try {
  await main(host, join(temporary, "sremote"));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
