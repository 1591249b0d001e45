import { type Connector, type ConnectorStatus, type OperationOptions, showAs } from "@sremote/connectors";
import { SremoteError } from "@sremote/protocol";
import type { CallArguments, CallOptions, ReturnsObject, Runtime } from "./call/options.ts";
import { checkCall, checkOptions, hasLimits } from "./call/check-options.ts";
import { checkText } from "./call/check-values.ts";
import type { Call } from "./call/call.ts";
import { callSite } from "./call/site.ts";
import type { CallResult } from "./call/result.ts";
import { bounded, boundedBy } from "./host/bounded.ts";
import type { ShipOptions } from "./code/options.ts";
import { type ScriptOptions } from "./code/script.ts";
import type { ShippedCode } from "./code/shipped-code.ts";
import type { ShippedTrees } from "./code/shipped-trees.ts";
import type { ClientEventName, ClientEvents } from "./events/client-events.ts";
import { ClientParts } from "./client-parts.ts";
import { checkClientOptions, type RemoteClientOptions } from "./client-options.ts";
import { environmentModules } from "./call/environment.ts";
import {
  bootstrap,
  type BootstrapOptions,
  type BootstrapResult,
  installGitModule,
  installPackages,
  type InstallOptions,
  isModuleInstalled,
} from "./install/install.ts";
import { type Discovery, discover, homePath, hostPath } from "./host/locations.ts";
import {
  checkMap,
  laneOf,
  makeMap,
  mapHosts,
  type MapItems,
  type MapOptions,
  type MapResult,
  type RemoteMap,
  type SettledMap,
} from "./map/index.ts";
import { type AnyModule, type KeywordArguments, keywordArguments, moduleProxy } from "./object/module-proxy.ts";
import { type HostReport, probeHost } from "./host/probe.ts";
import { checkSerializer, type Serializer } from "./call/serializer.ts";
import type { Interpreter } from "./interpreter/interpreter.ts";
import type { InterpreterOptions } from "./interpreter/options.ts";
import { type FnOptions, remoteFn, type RemoteFn, type RemoteObjectFn } from "./interpreter/remote-fn.ts";
import { pythonTag, type PythonTag } from "./interpreter/python-tag.ts";
import type { RemoteObject } from "./object/remote-object.ts";
import type { RemoteModule } from "./object/typed-module.ts";

/**
 * Calls Python and Node functions on the host that a connector reaches. Nothing needs to be installed there: the first call deploys the
 * endpoint. Close the client (or use `await using`) so that the connection ends and the host's spool is emptied.
 */
export class RemoteClient implements AsyncDisposable {
  readonly connector: Connector;
  readonly #parts: ClientParts;

  /** @throws InvalidArgumentError for an option that is not as it must be */
  constructor(connector: Connector, options: RemoteClientOptions = {}) {
    checkClientOptions(connector, options);
    this.connector = connector;
    this.#parts = new ClientParts(connector, options);
    mapHosts.set(this, this.#parts.maps);
  }

  /**
   * Runs `module.fn(…)` on the host and resolves to what it returned and printed.
   *
   * @param module importable module, package or (Node) path; @param fn name in it, dots reach into attributes: `Path.home`
   * @param args positional arguments as an array, or keyword arguments as an object; both through `options.kwargs`
   * @throws RemoteExecError when it raised, was killed, timed out, was cancelled, or does not exist; RemoteNotSetupError, RemoteModulesError,
   * ConnectError, TransferError, OutcomeUnknownError (the link was lost and it may have run), InvalidArgumentError (nothing was sent)
   * @example const { value, stdout } = await client.doRemoteCall("math", "hypot", [3, 4]);
   */
  doRemoteCall<T = unknown>(
    module: string,
    fn: string,
    args: CallArguments | undefined,
    options: ReturnsObject,
  ): Promise<CallResult<RemoteObject<T>>>;
  doRemoteCall<T = unknown>(module: string, fn: string, args?: CallArguments, options?: CallOptions): Promise<CallResult<T>>;
  async doRemoteCall(module: string, fn: string, args: CallArguments = [], options: CallOptions = {}): Promise<CallResult> {
    // A deadline is kept by another promise that waits for the call, which the engine does not show in a stack.
    const site = hasLimits(options ?? {}) ? callSite() : undefined;
    return await this.#parts.calls.result(module, fn, args, options, site);
  }

  /**
   * As {@link doRemoteCall}, as an object: its output can be read while it runs, it can be cancelled, iterated when the function returns a generator,
   * and be an argument of another call before it has ended. Functions among the arguments can be called by the host while the call runs.
   *
   * @typeParam T the type of the value, which nothing checks: of a generator's items, or `RemoteIterable<Item>` where the value itself is used. With `returns: "object"`
   * the type of the object, such as an interface of its methods; the value is a {@link RemoteObject} of it.
   * @example for await (const line of client.call("jobs", "train", [100]).stdout) console.log(line);
   */
  call<T = unknown>(module: string, fn: string, args: CallArguments | undefined, options: ReturnsObject): Call<RemoteObject<T>>;
  call<T = unknown>(module: string, fn: string, args?: CallArguments, options?: CallOptions): Call<T>;
  call(module: string, fn: string, args: CallArguments = [], options: CallOptions = {}): Call {
    return this.#parts.calls.call(module, fn, args, options, { site: callSite() });
  }

  /**
   * Calls a function once for each item, many items in one message, and gives the results in the order of the items. Awaited, it is the array of all results;
   * iterated, it gives each as soon as it and all before it are there, and takes no more items than are read. An item runs at most once. One that
   * fails ends the map, or with `settled: true` is told in its place while the others go on.
   *
   * @param items what the function is called with: an array, an iterator, or an async one; each is the only argument, or with `spread: true` the list of all
   * @throws what an item rejects with, as {@link doRemoteCall}; InvalidArgumentError for wrong options, at once
   * @example const roots = await client.map<number>("math", "sqrt", [1, 4, 9]);
   * @example for await (const each of client.map("os.path", "getsize", ["/etc/passwd"], { settled: true })) console.log(each.index, each.status);
   */
  map<T = unknown>(module: string, fn: string, items: MapItems, options: SettledMap): RemoteMap<MapResult<T>>;
  map<T = unknown>(module: string, fn: string, items: MapItems, options?: MapOptions): RemoteMap<T>;
  map(module: string, fn: string, items: MapItems, options: MapOptions = {}): RemoteMap {
    checkMap(module, fn, items, options);
    this.#parts.checkOpen();
    return makeMap({ module, fn, items, options, host: this.connector.label }, (...how) => [laneOf(this, ...how)]);
  }

  /**
   * A module as an object: `await client.module("numpy").mean(data)` is `(await client.doRemoteCall("numpy", "mean", [data])).value`. Keyword arguments go last,
   * as {@link kwargs}. Only calling a member reaches the host; looking at it does not.
   *
   * @typeParam M what the module holds: `client.module<typeof import("node:os")>("node:os", { runtime: "node" })`, or an interface of a Python module's functions.
   * @example const root = await client.module("math").sqrt(2);
   */
  module<M = unknown>(name: string, options: ReturnsObject): RemoteModule<M, "object">;
  module<M = unknown>(name: string, options?: CallOptions): RemoteModule<M>;
  module(name: string, options: CallOptions = {}): AnyModule {
    checkCall(name, "function", [], options);
    const own = { ...options };
    return moduleProxy(async (path, args, given) => {
      const all = given === undefined ? own : { ...own, kwargs: { ...own.kwargs, ...given } };
      return (await this.doRemoteCall(name, path, args, all)).value;
    }, name);
  }

  /** Keyword arguments for a function of a {@link module}. @example await client.module("textwrap").fill("a long text", client.kwargs({ width: 6 })); */
  kwargs(values: Readonly<Record<string, unknown>>): KeywordArguments {
    return keywordArguments(values);
  }

  /** The value of a name that is no function. Dots reach into attributes. @example const pi = await client.constant<number>("math", "pi"); */
  constant<T = unknown>(module: string, name: string, options: ReturnsObject): Promise<RemoteObject<T>>;
  constant<T = unknown>(module: string, name: string, options?: CallOptions): Promise<T>;
  async constant(module: string, name: string, options: CallOptions = {}): Promise<unknown> {
    checkCall(module, name, [], options);
    const environment = environmentModules[options.runtime ?? this.#parts.runtime];
    return (await this.doRemoteCall(environment, "constant", [module, name], options)).value;
  }

  /**
   * Starts an interpreter on the host, of Python or of JavaScript, whose variables last from snippet to snippet: docs/interpreter.md. It needs a session.
   *
   * @throws SremoteError `unsupported` over files; what a call throws
   * @example await using notebook = await client.interpreter({ cwd: "/data" });
   */
  async interpreter(options: InterpreterOptions = {}): Promise<Interpreter> {
    return await this.#parts.interpreters.open(options);
  }

  /**
   * From now on, calls import your own code from this machine: a package directory, a directory of modules, or a file. What the host lacks is sent by content. A
   * call runs the code that was on the disk when it was made: after an edit, the next call runs the new version, and calls under way keep theirs.
   *
   * Shipped code comes first on the module search path, before `cwd`, the standard library and installed packages. At most 10,000 files and 64 MiB are shipped.
   *
   * @param path on this machine, from the working directory of this program
   * @throws InvalidArgumentError for wrong options or names; SremoteError `no-such-file`, `permission-denied`, `unsupported` (a symbolic link that leaves the tree)
   * or `limit-exceeded`
   * @example client.ship("./analysis"); // and then: await client.doRemoteCall("analysis.fit", "run", [[1, 2, 3]])
   */
  ship(path: string, options: ShipOptions = {}): ShippedCode {
    this.#parts.checkOpen();
    return this.#parts.shipped.trees.ship(path, options, this.#parts.runtime);
  }

  /**
   * Runs a Python script of this machine on the host, as `python3 train.py` would there, in a process of its own. The Python files of its directory go along, so
   * that it can import them. The value is its exit status; an exception that it does not catch rejects as that of a function does.
   *
   * @example const { value: status, stdout } = await client.script("train.py", ["--epochs", "3"]);
   */
  script(path: string, args: readonly string[] = [], options: ScriptOptions = {}): Call<number> {
    return this.#parts.scripts.run(path, args, options);
  }

  /** Calls have the code of these trees, which several clients share. @internal */
  shareCode(trees: ShippedTrees): void {
    this.#parts.shipped.trees = trees;
  }

  /**
   * Runs a snippet of Python by itself, and gives the value of its last expression. Values in the template are variables of the snippet: they travel as data
   * (docs/values.md) and are never a part of its text. Called with options, it gives a tag with those. A call like any other, over files as well.
   *
   * @example const { value } = await client.python<number>`import math; math.hypot(${3}, ${4})`;
   * @example const slow = client.python({ timeout: 60_000 })`import time; time.sleep(${10})`;
   */
  get python(): PythonTag {
    return pythonTag(this.#parts.snippets);
  }

  /**
   * A function of this program that runs on a Node host. Its text is sent, so it must be self-contained: what it uses from around it is refused by name. Modules
   * of the host it loads itself, by `require` or `import()`. A call like any other, over files as well.
   *
   * @throws InvalidArgumentError for a function that uses variables from around it, a method, a class, or a native function
   * @example const add = client.fn((a: number, b: number) => a + b);
   */
  fn<A extends readonly unknown[], R>(fn: (...args: A) => R, options: FnOptions & Pick<ReturnsObject, "returns">): RemoteObjectFn<A, R>;
  fn<A extends readonly unknown[], R>(fn: (...args: A) => R, options?: FnOptions): RemoteFn<A, R>;
  fn(fn: (...args: never) => unknown, options: FnOptions = {}): (...args: readonly unknown[]) => Call {
    return remoteFn(this.#parts.snippets, fn, options);
  }

  /**
   * Installs the endpoint, and for Python a virtual environment in which {@link installPackages} installs. Idempotent, safe to run concurrently
   * from many places, and optional: a call on a host without endpoint installs it as well.
   * @example const { interpreter } = await client.bootstrapInstall();
   */
  async bootstrapInstall(options: BootstrapOptions = {}): Promise<BootstrapResult> {
    checkOptions(options, ["runtime", "timeout", "signal"]);
    this.#parts.checkOpen();
    const runtime = options.runtime ?? this.#parts.runtime;
    return await this.#parts.changing(bounded(this.connector, "install", options, (own) => bootstrap(this.#parts.spool, runtime, own)));
  }

  /**
   * Installs a Python package from a git repository. A host without git gets the repository cloned by this machine and pushed.
   *
   * @example await client.installGitModule("https://github.com/me/tools.git");
   */
  async installGitModule(url: string, branch?: string, name?: string, options: InstallOptions = {}): Promise<void> {
    checkOptions(options, ["runtime", "timeout", "signal"]);
    this.#parts.checkOpen();
    const runtime = options.runtime ?? this.#parts.runtime;
    const module = { url, branch, name };
    await this.#parts.changing(
      bounded(this.connector, "install", options, (own) => installGitModule(this.#parts.spool, module, runtime, own)),
    );
  }

  /**
   * Installs packages, Python's by pip into the endpoint's virtual environment, Node's by npm into its prefix.
   *
   * @example await client.installPackages(["numpy==2.1.0"]);
   */
  async installPackages(packages: readonly string[], options: InstallOptions = {}): Promise<void> {
    checkOptions(options, ["runtime", "timeout", "signal"]);
    this.#parts.checkOpen();
    const runtime = options.runtime ?? this.#parts.runtime;
    // A list that is changed while the host is reached changes nothing of what is installed.
    const list = Array.isArray(packages) ? [...packages] : packages;
    await this.#parts.changing(
      bounded(this.connector, "install", options, (own) => installPackages(this.#parts.spool, list, runtime, own)),
    );
  }

  /**
   * Whether a module can be imported on the host; it is looked up, not imported.
   *
   * @example if (!(await client.isModuleInstalled("numpy"))) await client.installPackages(["numpy"]);
   */
  async isModuleInstalled(name: string, options: { runtime?: Runtime } & OperationOptions = {}): Promise<boolean> {
    checkOptions(options, ["runtime", "timeout", "signal"]);
    this.#parts.checkOpen();
    const runtime = options.runtime ?? this.#parts.runtime;
    return await bounded(this.connector, "call", options, (own) => isModuleInstalled(this.#parts.spool, name, runtime, own));
  }

  /**
   * From now on every call checks, before it runs, that the module is installed on the host, in this version if one is given, and rejects with
   * RemoteModulesError otherwise. Results tell the version found.
   * @example client.registerRemoteModule("numpy", "2.1.0");
   */
  registerRemoteModule(name: string, version?: string, options: { runtime?: Runtime } = {}): void {
    checkOptions(options, ["runtime"]);
    checkText("name", name, "the name of a module");
    if (version !== undefined) checkText("version", version, "a version");
    const runtime = options.runtime ?? this.#parts.runtime;
    const modules = this.#parts.modules.get(runtime) ?? new Map<string, string | null>();
    this.#parts.modules.set(runtime, modules.set(name, version ?? null));
  }

  /**
   * Sets a variable of every later call; with `onlyIfUnset` only where the host has none of that name.
   *
   * @example client.registerRemoteEnvVariable("OMP_NUM_THREADS", "4");
   */
  registerRemoteEnvVariable(name: string, value: string, options: { onlyIfUnset?: boolean } = {}): void {
    checkOptions(options, ["onlyIfUnset"]);
    const { onlyIfUnset = false } = options;
    this.#parts.environment.setVariable(name, value, onlyIfUnset);
  }

  /**
   * Appends a directory to `PATH` of every later call. An absolute path: nothing on the host would expand a `~`.
   *
   * @example client.registerRemoteEnvPath("/opt/tools/bin");
   */
  registerRemoteEnvPath(path: string): void {
    this.#parts.environment.appendPath(path);
  }

  /**
   * Takes the directories from `~/.sremote/<fileName>`, a JSON file of the host; without a valid one, none changes.
   *
   * @example const { found, message } = await client.doSelfDiscovery();
   */
  async doSelfDiscovery(fileName = ".location", options: OperationOptions = {}): Promise<Discovery> {
    checkOptions(options, ["timeout", "signal"]);
    this.#parts.checkOpen();
    const found = await bounded(this.connector, "discover", options, (own) =>
      discover(this.connector, fileName, this.#parts.locations, own),
    );
    if (found.found) this.#parts.moveTo(this.#parts.locations.sremoteDir);
    return found;
  }

  /**
   * Base directory of the endpoint on the host; default `~/.sremote`. A relative path begins at the home directory.
   *
   * @example client.setSremoteDir("/scratch/me/.sremote");
   */
  setSremoteDir(path: string): void {
    this.#parts.moveTo((this.#parts.locations.sremoteDir = hostPath("path", path)));
  }

  /** Directory for temporary files, `TMPDIR` of every call, created when missing. @example client.setTmpDir("/scratch/me/tmp"); */
  setTmpDir(path: string): void {
    this.#parts.locations.tmpDir = hostPath("path", path);
  }

  /** As {@link setTmpDir}, below the home directory. */
  setTmpAtHomeDir(path: string): void {
    this.#parts.locations.tmpDir = homePath("path", path);
  }

  /** Working directory of calls, created when missing. Default: the home directory. @example client.setPwdDir("/data/run-7"); */
  setPwdDir(path: string): void {
    this.#parts.locations.pwdDir = hostPath("path", path);
  }

  /** As {@link setPwdDir}, below the home directory. */
  setPwdAtHomeDir(path: string): void {
    this.#parts.locations.pwdDir = homePath("path", path);
  }

  /** The working directory that calls have, as an absolute path on the host. @example console.log(await client.getPwd()); // /home/me */
  async getPwd(options: OperationOptions = {}): Promise<string> {
    checkOptions(options, ["timeout", "signal"]);
    const fn = this.#parts.runtime === "python" ? ["os", "getcwd"] : ["node:process", "cwd"];
    return (await this.doRemoteCall<string>(fn[0]!, fn[1]!, [], options)).value;
  }

  /** Replaces how arguments and results are turned into the wire's values. */
  setSerializer(serializer: Serializer): void {
    checkSerializer("serializer", serializer);
    this.#parts.serializer = serializer;
  }

  /**
   * Calls back when a session has begun (`connect`), its link was lost (`disconnect`) or made again (`reconnect`), and when a call that was made from now on has
   * ended (`call`). Handlers are not waited for; what one throws becomes a warning of the process. Events hold no argument, result, output or environment.
   *
   * @returns a function that removes the handler
   * @example const remove = client.on("call", ({ module, function: fn, duration, code }) => console.log(module, fn, duration, code ?? "ok"));
   */
  on<N extends ClientEventName>(event: N, handler: (event: ClientEvents[N]) => unknown): () => void {
    return this.#parts.watchers.add(event, handler);
  }

  /**
   * Whether the host can be reached and takes the credentials. Rejects for wrong options alone, not for a deadline or an abort.
   *
   * @example const { ok, message } = await client.status({ timeout: 5000 });
   */
  async status(options: OperationOptions = {}): Promise<ConnectorStatus> {
    checkOptions(options, ["signal", "timeout"]);
    try {
      return await boundedBy(this.connector, "status", options, (own) => this.connector.status(own));
    } catch (reason) {
      const error = SremoteError.from(reason, "connect-failed", { stage: "status", host: this.connector.label });
      return { ok: false, message: error.message, error };
    }
  }

  /** What the host has: interpreters, tools, directories, space. One round trip; writes nothing. @example const { python, diskFree } = await client.probe(); */
  async probe(options: OperationOptions = {}): Promise<HostReport> {
    checkOptions(options, ["signal", "timeout"]);
    this.#parts.checkOpen();
    const base = this.#parts.locations.sremoteDir;
    return await boundedBy(this.connector, "probe", options, (own) => probeHost(this.connector, { ...own, base }));
  }

  /**
   * Empties the host's spool of this client's calls and closes the connector, also where another client uses it too. Calls under way reject with
   * the code `closed`. Takes less than half a minute, whatever the host does. May be called more than once.
   *
   * @throws SremoteError `timeout` when the connector has not ended its connections by then
   * @example await client.close(); // or: await using client = …
   */
  close(): Promise<void> {
    return this.#parts.close();
  }

  static {
    showAs(this, "RemoteClient", (self) => self.#shown());
  }

  #shown(): Record<string, string> {
    const state = this.#parts.isClosed ? "closed" : (this.#parts.sessions?.stateOf(this.#parts.runtime) ?? "open");
    return {
      host: this.connector.label,
      runtime: this.#parts.runtime,
      transport: this.#parts.sessions === undefined ? "spool" : "session",
      state,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
