import { expect, it } from "vitest";
import * as sremote from "../../packages/sremote/src/index.ts";
import * as fleets from "../../packages/sremote/src/fleet.ts";
import * as rest from "../../packages/sremote/src/rest.ts";
import * as testing from "../../packages/sremote/src/testing.ts";
import * as transfers from "../../packages/sremote/src/transfer.ts";
import { memory } from "@sremote/connectors/testing";
import { useOwnTemporaryDirectory } from "../support/own-temporary.ts";

useOwnTemporaryDirectory();

const { RemoteClient, InvalidArgumentError } = sremote;

/** What is called with options that have one misspelt member; it is wrong for the compiler, too. */
// oxlint-disable-next-line typescript/no-explicit-any -- callers without types are whom this is for
type Wrong = any;

interface Misspelt {
  readonly call: (options: Wrong) => unknown;
  wrong: string;
  meant: string;
  /** What the call needs beside it. */
  with?: Record<string, unknown>;
}

const host = memory();
const here = sremote.local();
const client = new RemoteClient(host);
const fleet = fleets.fleet("a", { connect: () => memory() });
const idle = (): fleets.Run => fleet.run("true", { autoStart: false });
const process = (): fleets.RemoteProcess => new fleets.RemoteProcess(host, "true");

const cases: Record<string, Misspelt> = {
  "new RemoteClient": { call: (options) => new RemoteClient(host, options), wrong: "runtme", meant: "runtime" },
  "client.call": { call: (options) => client.call("os", "getcwd", [], options), wrong: "timeuot", meant: "timeout" },
  "client.doRemoteCall": { call: (options) => client.doRemoteCall("os", "getcwd", [], options), wrong: "kwarg", meant: "kwargs" },
  "client.map": { call: (options) => client.map("os", "getenv", ["A"], options), wrong: "chunksize", meant: "chunkSize" },
  "client.module": { call: (options) => client.module("os", options), wrong: "workername", meant: "workerName" },
  "client.constant": { call: (options) => client.constant("os", "sep", options), wrong: "Timeout", meant: "timeout" },
  "client.interpreter": { call: (options) => client.interpreter(options), wrong: "nmae", meant: "name" },
  "client.fn": { call: (options) => client.fn(() => 1, options), wrong: "timeuot", meant: "timeout" },
  "client.python": { call: (options) => client.python(options), wrong: "timeuot", meant: "timeout" },
  "client.registerRemoteEnvVariable": {
    call: (options) => client.registerRemoteEnvVariable("A", "b", options),
    wrong: "onlyifunset",
    meant: "onlyIfUnset",
  },
  "client.bootstrapInstall": { call: (options) => client.bootstrapInstall(options), wrong: "run_time", meant: "runtime" },
  "client.installPackages": { call: (options) => client.installPackages(["a"], options), wrong: "signals", meant: "signal" },
  "client.installGitModule": {
    call: (options) => client.installGitModule("https://example.org/x", undefined, undefined, options),
    wrong: "timout",
    meant: "timeout",
  },
  "client.doSelfDiscovery": { call: (options) => client.doSelfDiscovery(undefined, options), wrong: "timout", meant: "timeout" },
  "client.getPwd": { call: (options) => client.getPwd(options), wrong: "timout", meant: "timeout" },
  "client.ship": { call: (options) => client.ship("packages", options), wrong: "exlude", meant: "exclude" },
  "client.script": { call: (options) => client.script("x.py", [], options), wrong: "timout", meant: "timeout" },
  "fleet.ship": { call: (options) => fleet.ship("packages", options), wrong: "gitingore", meant: "gitignore" },
  "client.status": { call: (options) => client.status(options), wrong: "timout", meant: "timeout" },
  "client.probe": { call: (options) => client.probe(options), wrong: "timout", meant: "timeout" },
  ssh: { call: (options) => sremote.ssh("h", options), wrong: "favourite", meant: "jump" },
  "ssh, a host on the way": { call: (options) => sremote.ssh("h", { jump: options }), wrong: "prot", meant: "port", with: { host: "j" } },
  openssh: { call: (options) => sremote.openssh("h", options), wrong: "multipex", meant: "multiplex" },
  local: { call: (options) => sremote.local(options), wrong: "cmd", meant: "cwd" },
  docker: { call: (options) => sremote.docker(options), wrong: "cdw", meant: "cwd", with: { container: "c" } },
  firecrest: { call: (options) => sremote.firecrest(options), wrong: "acount", meant: "account" },
  jupyter: { call: (options) => sremote.jupyter(options), wrong: "tokn", meant: "token" },
  newt: { call: (options) => sremote.newt(options), wrong: "user_name", meant: "username" },
  sfapi: { call: (options) => sremote.sfapi(options), wrong: "machin", meant: "machine" },
  createConnector: {
    call: (options) => sremote.createConnector(options),
    wrong: "acceptStdin",
    meant: "acceptsStdin",
  },
  "connector.exec": { call: (options) => here.exec(["true"], options), wrong: "stdinn", meant: "stdin" },
  "connector.push": { call: (options) => here.push(new Uint8Array(1), "/x/y", options), wrong: "modes", meant: "mode" },
  "connector.pull": { call: (options) => here.pull("/x/y", { write: () => undefined }, options), wrong: "onProgres", meant: "onProgress" },
  "connector.spawn": { call: (options) => here.spawn!(["true"], options), wrong: "pyt", meant: "pty" },
  "connector.status": { call: (options) => here.status(options), wrong: "timout", meant: "timeout" },
  "sremote/testing checkConnector": {
    call: (options) => testing.checkConnector(() => Promise.reject(new Error("made")), options),
    wrong: "case",
    meant: "cases",
  },
  "sremote/testing memory": { call: (options) => testing.memory(options), wrong: "acceptStdin", meant: "acceptsStdin" },
  "new Column": { call: (options) => new sremote.Column([1], options), wrong: "tpye", meant: "type" },
  "new Table": { call: (options) => new sremote.Table({ a: [1] }, options), wrong: "idnex", meant: "index" },
  "new NdArray": { call: (options) => new sremote.NdArray(new Float64Array(1), [1], options), wrong: "dtpye", meant: "dtype" },
  "sremote/transfer push": { call: (options) => transfers.push(host, "/x", "/y", options), wrong: "dryrun", meant: "dryRun" },
  "sremote/transfer pull": { call: (options) => transfers.pull(host, "/x", "/y", options), wrong: "deletes", meant: "delete" },
  "sremote/transfer sync": {
    call: (options) => transfers.sync(host, "/x", "/y", options),
    wrong: "modess",
    meant: "modes",
    with: { direction: "push" },
  },
  progressBar: { call: (options) => transfers.progressBar(options), wrong: "labl", meant: "label" },
  fleet: { call: (options) => fleets.fleet("a", options), wrong: "concurency", meant: "concurrency" },
  localFleet: { call: (options) => fleets.localFleet(options), wrong: "concurency", meant: "concurrency" },
  "fleet.run": { call: (options) => fleet.run("true", options), wrong: "hostTimout", meant: "hostTimeout" },
  "fleet.map": { call: (options) => fleet.map("os", "getenv", ["A"], options), wrong: "chunksize", meant: "chunkSize" },
  "fleet.call": { call: (options) => fleet.call("os", "getcwd", [], options), wrong: "isolaton", meant: "isolation" },
  "fleet.push": { call: (options) => fleet.push("/x", "/y", options), wrong: "growin", meant: "growing" },
  "fleet.pull": { call: (options) => fleet.pull("/x", "/y", options), wrong: "link", meant: "links" },
  "fleet.sync": { call: (options) => fleet.sync("/x", "/y", options), wrong: "chek", meant: "check", with: { direction: "push" } },
  hostSet: { call: (options) => fleets.hostSet("a", options), wrong: "username", meant: "usernames" },
  "new Host": { call: (options) => new fleets.Host(options), wrong: "adress", meant: "address", with: { address: "a" } },
  "new RemoteProcess": { call: (options) => new fleets.RemoteProcess(host, "true", options), wrong: "outputlimit", meant: "outputLimit" },
  "process.wait": { call: (options) => process().wait(options), wrong: "kil", meant: "kill" },
  "process.kill": { call: (options) => process().kill("SIGTERM", options), wrong: "forceKillAfterDelai", meant: "forceKillAfterDelay" },
  "process.expect": { call: (options) => process().expect("x", options), wrong: "steam", meant: "stream" },
  "run.wait": { call: (options) => idle().wait(options), wrong: "timeot", meant: "timeout" },
  "run.kill": { call: (options) => idle().kill("SIGTERM", options), wrong: "forceKillAfterDelai", meant: "forceKillAfterDelay" },
  "run.gather": { call: (options) => idle().gather(options), wrong: "steam", meant: "stream" },
  parallel: { call: (options) => fleets.parallel([], options), wrong: "nme", meant: "name" },
  sequence: { call: (options) => fleets.sequence([], options), wrong: "onerror", meant: "onError" },
  firstOf: { call: (options) => fleets.firstOf([], options), wrong: "timout", meant: "timeout" },
  allOf: { call: (options) => fleets.allOf([], options), wrong: "timout", meant: "timeout" },
  display: { call: (options) => fleets.display(idle(), options), wrong: "colour", meant: "color" },
  expand: { call: (options) => fleets.expand("a", options), wrong: "limits", meant: "limit" },
  substitute: { call: (options) => fleets.substitute("a", [], options), wrong: "list", meant: "lists" },
  hostDestinations: { call: (options) => fleets.hostDestinations("a", fleets.hostSet("a"), options), wrong: "label", meant: "labels" },
  createLogger: { call: (options) => fleets.createLogger(options), wrong: "levle", meant: "level" },
  "Report.output": { call: (options) => new fleets.Report([]).output(options), wrong: "wied", meant: "wide" },
  formatGathered: { call: (options) => fleets.formatGathered([], options), wrong: "styl", meant: "style" },
  formatDate: { call: (options) => fleets.formatDate(new Date(), options), wrong: "millisecond", meant: "milliseconds" },
  formatDuration: { call: (options) => fleets.formatDuration(1, options), wrong: "millis", meant: "milliseconds" },
  parseDate: { call: (options) => fleets.parseDate("1s", options), wrong: "know", meant: "now" },
  parseDuration: { call: (options) => fleets.parseDuration("1s", options), wrong: "bear", meant: "bare" },
  "new Timer": { call: (options) => new fleets.Timer(options), wrong: "timout", meant: "timeout" },
  sleep: { call: (options) => fleets.sleep(0, options), wrong: "singal", meant: "signal" },
  defineConfig: { call: (options) => fleets.defineConfig(options), wrong: "loglevel", meant: "logLevel" },
  resolveConfiguration: { call: (options) => fleets.resolveConfiguration(options), wrong: "sshconfig", meant: "sshConfig" },
};

/** These take no options, or are handed what others have made. */
const without = new Set(
  `Call Interpreter SnippetCall RemoteIterable RemoteMap RemoteObject ShippedCode RunError OutputTree Fleet HostSet codes insecureCluster defaultSerializer float int tableFromArrow toArrow shell fromBytes toBytes each fold formatBytes formatChanges
  formatDifferences formatProgress gather isOk loadConfiguration loadGroups parseGroups reportOn sshConfigHosts
  ConnectError InvalidArgumentError OutcomeUnknownError ProtocolError RemoteExecError RemoteModulesError RemoteNotSetupError SremoteError
  TransferError UnserializableError ConnectorCheckError connectorCases`.split(/\s+/),
);
/** For authors of connectors, who hand on what their own callers said; and a function that never throws. */
const forAuthors = new Set([...Object.keys(rest), "hostText"]);

it.each(Object.entries(cases))(
  "G52 %s refuses a misspelt option and names the one that was meant",
  async (_name, { call, wrong, meant, with: more }) => {
    const operations = host.operations.length;
    const failed: unknown = await (async () => await call({ ...more, [wrong]: undefined }))().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(InvalidArgumentError);
    const { message } = failed as Error;
    expect(message).toMatch(new RegExp(`^unknown option \`${wrong}\``));
    if (wrong === "favourite") expect(message).toContain("the options are host, port, username");
    else expect(message).toContain(`did you mean \`${meant}\`?`);
    expect(host.operations).toHaveLength(operations);
  },
);

it("G52 knows every function of the product that takes options", () => {
  const exported = [sremote, fleets, rest, transfers, testing].flatMap((entry) => Object.keys(entry));
  const tried = new Set(Object.keys(cases).flatMap((name) => name.split(/[\s.,]+/)));
  const unknown = exported.filter((name) => !tried.has(name) && !without.has(name) && !forAuthors.has(name));
  expect(unknown).toEqual([]);
});

it("options that are no object, and commands that are none, are refused by fleets before anything runs", () => {
  const none = null as Wrong;
  for (const attempt of [
    () => fleet.run("true", none),
    () => fleet.call("os", "getcwd", [], none),
    () => fleet.push("/x", "/y", none),
    () => fleet.pull("/x", "/y", none),
    () => fleet.sync("/x", "/y", none),
    () => fleets.expand("a", none),
  ]) {
    expect(attempt).toThrow(/^options must be an object/);
  }
  for (const command of [undefined, null, 3, true, {}, { shell: 3 }, { each: "x" }, fleets.each([3 as Wrong])]) {
    expect(() => fleet.run(command as Wrong)).toThrow(/^command(?:\[0\])? must be a (?:script|command)/);
  }
});
