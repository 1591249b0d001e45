/* How everything that users can call is called rightly, for the suite that calls it wrongly. */
import { PassThrough } from "node:stream";
import * as fleets from "../../packages/sremote/src/fleet.ts";
import * as sremote from "../../packages/sremote/src/index.ts";
import * as rest from "../../packages/sremote/src/rest.ts";
import * as testing from "../../packages/sremote/src/testing.ts";
import * as transfers from "../../packages/sremote/src/transfer.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- callers without types are whom this is for
type Any = any;

interface Callable {
  /** Right ones; each is replaced by wrong ones in turn. */
  readonly args: readonly unknown[];
  readonly call: (...args: Any[]) => unknown;
}

const refuse = (): Promise<never> => Promise.reject(new sremote.SremoteError("closed", "reached the host"));
/** Whatever reaches it has been taken. */
const unreachable: sremote.Connector = {
  label: "nowhere://",
  acceptsStdin: true,
  exec: refuse,
  push: refuse,
  pull: refuse,
  spawn: refuse,
  status: refuse,
  close: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

const client = (): Any => new sremote.RemoteClient(unreachable);
const hosts = (): Any => fleets.fleet("n[1-2]", { connect: () => unreachable, logLevel: "silent" });
const set = (): Any => fleets.hostSet("n[1-2]");
const idle = (): Any => hosts().run("true", { autoStart: false });
const job = (options?: object): Any => new fleets.RemoteProcess(unreachable, "true", options);
/** An interpreter whose calls look at what they are given, and go nowhere. */
const interpreter = (): Any => {
  const call = (_module: Any, _fn: Any, _args: Any, _options: Any, { check, finish }: Any): Any => {
    const running = (async () => {
      check?.();
      await refuse();
    })();
    const settled = finish === undefined ? running : finish(running);
    return Object.assign(settled, { settled, cancel: () => settled.catch(() => undefined) });
  };
  return new (sremote.Interpreter as Any)({ label: "nowhere://", call }, { runtime: "python" }, () => true);
};
const host = new fleets.Host({ address: "a" });
const http = (): Any => new rest.HttpClient({ baseUrl: new URL("http://127.0.0.1:9/"), label: "none://" });
const reply = (): Any => new rest.HttpReply(200, {}, new Uint8Array(0));
const custom = (): Any => sremote.createConnector({ label: "none://", exec: refuse, push: refuse, pull: refuse });
const group: fleets.OutputGroup = { names: ["a"], lines: ["x"] };
const quiet = (): Any => new PassThrough().resume();
/** Passed already, so that nothing is waited for. */
export const passed = AbortSignal.abort();
const record = { startDate: null, endDate: null, reason: null, exitCode: null };
const url = "http://127.0.0.1:9/";

function ofMethods(name: string, make: () => Any, methods: Readonly<Record<string, readonly unknown[]>>): Record<string, Callable> {
  return Object.fromEntries(
    Object.entries(methods).map(([method, args]) => [`${name}.${method}`, { args, call: (...given: Any[]) => make()[method](...given) }]),
  );
}

function functions(of: Readonly<Record<string, unknown>>, all: Readonly<Record<string, readonly unknown[]>>): Record<string, Callable> {
  return Object.fromEntries(Object.entries(all).map(([name, args]) => [name, { args, call: of[name] as Callable["call"] }]));
}

function constructors(of: Readonly<Record<string, unknown>>, all: Readonly<Record<string, readonly unknown[]>>): Record<string, Callable> {
  return Object.fromEntries(
    Object.entries(all).map(([name, args]) => [`new ${name}`, { args, call: (...given: Any[]) => new (of[name] as Any)(...given) }]),
  );
}

const ofConnectors = {
  exec: [["true"], {}],
  push: [new Uint8Array(1), "/tmp/x", {}],
  pull: ["/tmp/x", { write: () => undefined }, {}],
  spawn: [["true"], {}],
  status: [{}],
};

export const calls: Readonly<Record<string, Callable>> = {
  ...constructors(sremote, {
    Call: [{}],
    Interpreter: [{ label: "nowhere://", call: refuse }, { runtime: "python" }, () => true],
    Column: [[1], {}],
    ConnectError: ["closed", "text", {}],
    InvalidArgumentError: ["argument", "text", {}],
    NdArray: [new Float64Array(2), [2], {}],
    OutcomeUnknownError: ["closed", "text", {}],
    ProtocolError: ["protocol-error", "text", {}],
    RemoteClient: [unreachable, {}],
    RemoteExecError: ["raised", "text", { outcome: "raised" }],
    RemoteIterable: [{}],
    RemoteMap: [{}],
    RemoteModulesError: ["module-missing", "text", {}],
    RemoteNotSetupError: ["not-setup", "text", {}],
    RemoteObject: ["type", {}],
    ShippedCode: [{}, () => undefined],
    SnippetCall: [{}, () => undefined, () => undefined],
    SremoteError: ["closed", "text", {}],
    Table: [{ a: [1] }, {}],
    TransferError: ["transfer-failed", "text", {}],
    UnserializableError: ["return", "text", {}],
  }),
  ...ofMethods("SremoteError", () => new sremote.SremoteError("closed", "text"), { detailsWith: [{}] }),
  "SremoteError.from": {
    args: [new Error("x"), "closed", {}],
    call: (...args: Any[]) => sremote.SremoteError.from(...(args as [Any, Any])),
  },
  ...ofMethods("NdArray", () => new sremote.NdArray(new Float64Array(2), [2]), { get: [0] }),
  ...ofMethods("Column", () => new sremote.Column([1]), { get: [0], isNull: [0] }),
  ...ofMethods("Table", () => new sremote.Table({ a: [1] }), { column: ["a"], row: [0], withLibrary: ["pandas"] }),
  ...ofMethods("RemoteClient", client, {
    doRemoteCall: ["os", "getcwd", [], {}],
    call: ["os", "getcwd", [], {}],
    map: ["os", "getenv", ["A"], {}],
    module: ["os", {}],
    kwargs: [{}],
    constant: ["os", "sep", {}],
    interpreter: [{}],
    fn: [() => 1, {}],
    bootstrapInstall: [{}],
    installGitModule: ["https://localhost/x.git", "main", "x", {}],
    installPackages: [["x"], {}],
    ship: ["test/guarantees/callable.ts", { runtime: "python", as: "x" }],
    script: ["scripts/check-python36.py", ["x"], {}],
    isModuleInstalled: ["os", {}],
    registerRemoteModule: ["os", "1", {}],
    registerRemoteEnvVariable: ["A", "b", {}],
    registerRemoteEnvPath: ["/x"],
    doSelfDiscovery: ["/nonexistent/file", {}],
    setSremoteDir: ["/x"],
    setTmpDir: ["/x"],
    setTmpAtHomeDir: ["x"],
    setPwdDir: ["/x"],
    setPwdAtHomeDir: ["x"],
    getPwd: [{}],
    setSerializer: [sremote.defaultSerializer],
    on: ["call", () => undefined],
    status: [{}],
    probe: [{}],
  }),
  "RemoteClient.python": { args: [{}], call: (options: Any) => client().python(options) },
  ...ofMethods("Interpreter", interpreter, { run: ["1", {}], set: ["x", 1, {}], get: ["x", {}] }),
  ...ofMethods("SnippetCall", () => interpreter().run("1"), { cancel: ["a reason"] }),
  ...functions(sremote, {
    createConnector: [{ label: "none://", exec: refuse, push: refuse, pull: refuse }],
    docker: [{ container: "c" }],
    firecrest: [{ baseUrl: url, system: "s", token: "t", insecureHttp: true }],
    float: [1],
    tableFromArrow: [{ numRows: 0, schema: { fields: [] }, getChildAt: () => null }],
    toArrow: [new sremote.Table({ a: [1] }), { Table: Object, makeVector: () => ({}), makeData: () => ({}), Int64: Object }],
    int: [1],
    fromBytes: [new Uint8Array(1)],
    hostText: ["text", {}],
    jupyter: [{ baseUrl: url, token: "t", insecureHttp: true }],
    local: [{}],
    newt: [{ baseUrl: url, machine: "m", username: "u", password: "p", insecureHttp: true }],
    openssh: ["host", {}],
    sfapi: [{ baseUrl: url, machine: "m", token: "t", insecureHttp: true }],
    shell: ["true"],
    ssh: ["host", {}],
    toBytes: ["text", "name"],
  }),
  ...ofMethods("local()", () => sremote.local(), ofConnectors),
  ...ofMethods("createConnector()", custom, { ...ofConnectors, spawn: [] }),
  ...ofMethods("memory()", () => testing.memory(), { ...ofConnectors, inject: ["exec", { kind: "fail-before" }, 0] }),
  ...constructors(fleets, {
    Fleet: [set(), {}],
    Host: [{ address: "a" }, "name"],
    HostSet: [["a", "b"]],
    OutputTree: [],
    Report: [[], "name"],
    RunError: [{}],
    Timer: [{}],
  }),
  "new RemoteProcess": {
    args: [unreachable, "true", {}],
    call: async (...args: Any[]) => {
      const { error } = await new fleets.RemoteProcess(...(args as [Any, Any])).run();
      throw error!;
    },
  },
  ...ofMethods("Fleet", hosts, {
    ship: ["test/guarantees/callable.ts", { runtime: "python", as: "x" }],
    at: [0],
    range: [0, 1],
    slice: [0, 1],
    union: ["a"],
    intersect: ["n1"],
    only: ["n1"],
    except: ["n1"],
    pick: [1, () => 0],
    filter: [() => true],
    cd: ["/x"],
    map: ["os", "getenv", ["A"], {}],
    run: ["true", {}],
    call: ["os", "getcwd", [], {}],
    push: ["/nonexistent/x", "/tmp/x", {}],
    pull: ["/tmp/x", "/nonexistent/x", {}],
    sync: ["/nonexistent/x", "/tmp/x", { direction: "push" }],
  }),
  ...ofMethods("Host", () => host, { equals: [host], with: [{}], sshOptions: [{}, {}] }),
  "Host.from": { args: ["a", "name"], call: (...args: Any[]) => fleets.Host.from(...(args as [Any])) },
  ...ofMethods("HostSet", set, {
    has: ["n1"],
    indexOf: [host],
    at: [0],
    range: [0, 1],
    slice: [0, 1],
    union: ["a"],
    except: ["a"],
    intersect: ["a"],
    pick: [1, () => 0],
    filter: [() => true],
    map: [() => 1],
  }),
  ...ofMethods("OutputTree", () => new fleets.OutputTree(), { touch: ["a"], add: ["a", "line"], lines: ["a"] }),
  ...ofMethods("RemoteProcess", job, {
    sendSignal: ["SIGTERM"],
    kill: ["SIGTERM", {}],
    expect: ["x", {}],
    wait: [{}],
    run: [{}],
    on: ["end", () => undefined],
  }),
  "RemoteProcess.write": { args: ["text"], call: (data: Any) => job({ stdin: true }).start().write(data) },
  ...ofMethods("RemoteProcess.output", () => job().output, { bytes: ["stdout"], text: ["stdout"], total: ["stdout"], isCut: ["stdout"] }),
  ...ofMethods("Run", idle, {
    gather: [{}],
    wait: [{}],
    kill: ["SIGTERM", {}],
    on: ["end", () => undefined],
  }),
  "Run.rerun": {
    args: ["all"],
    call: async (which: Any) => {
      const run = hosts().run("true");
      await run;
      return run.rerun(which);
    },
  },
  ...ofMethods("RunResult", () => idle().result, { gather: [{}], format: [{}], differences: [{}] }),
  ...ofMethods("Report", () => new fleets.Report(), { add: [new fleets.Report()], output: [{}] }),
  ...ofMethods("Timer", () => new fleets.Timer(), { waitElapsed: [0, {}] }),
  ...functions(fleets, {
    allOf: [[idle()], { signal: passed }],
    createLogger: [{ level: "silent" }],
    defineConfig: [{}],
    each: [["true"]],
    expand: ["n[1-2]", {}],
    firstOf: [[idle()], { signal: passed }],
    fleet: ["a", {}],
    fold: [["n1", "n2"]],
    formatDate: [new Date(0), {}],
    formatDifferences: [[group, group], 3],
    formatDuration: [1, {}],
    formatGathered: [[group], {}],
    gather: [{ a: "x" }],
    hostDestinations: ["/x/{}", set(), {}],
    hostSet: ["a", {}],
    isOk: [record],
    loadConfiguration: ["/nonexistent/x.ts"],
    loadGroups: ["/nonexistent/x"],
    localFleet: [{ connectTimeout: 1 }],
    parallel: [[], {}],
    parseDate: ["10s", {}],
    parseDuration: ["10s", {}],
    parseGroups: ["a: n1", "source"],
    reportOn: ["name", [record]],
    resolveConfiguration: [{}],
    sequence: [[], {}],
    sleep: [0, { signal: passed }],
    sshConfigHosts: ["/nonexistent/x"],
    substitute: ["x", [host], {}],
  }),
  display: {
    args: [idle(), {}],
    call: (run: Any, options: Any) =>
      fleets.display(
        run,
        typeof options === "object" && options !== null && !Array.isArray(options) ? { writeTo: quiet(), ...options } : options,
      ),
  },
  ...functions(transfers, {
    formatBytes: [1],
    formatChanges: [[{ kind: "create", path: "x", type: "file" }]],
    formatProgress: [{ files: 0, filesTotal: 1, bytes: 0, bytesTotal: 1, rate: 0, eta: null, path: "x" }, 80],
    progressBar: [{ writeTo: quiet() }],
    pull: [unreachable, "/tmp/x", "/nonexistent/x", {}],
    push: [unreachable, "/nonexistent/x", "/tmp/x", {}],
    sync: [unreachable, "/nonexistent/x", "/tmp/x", { direction: "push" }],
  }),
  ...constructors(rest, {
    HttpClient: [{ baseUrl: new URL(url), label: "none://" }],
    HttpReply: [200, {}, new Uint8Array(0)],
    RestConnector: [
      { label: "none://", spawn: refuse },
      { baseUrl: url, insecureHttp: true },
    ],
  }),
  ...ofMethods("HttpClient", http, {
    send: [{ method: "GET", path: "/" }, passed],
    download: [{ method: "GET", path: "/" }, { size: 1, take: () => Promise.resolve() }, passed],
    open: [{ method: "GET", path: "/" }, passed],
    link: [{ path: "/" }, passed],
    redact: ["text"],
  }),
  ...ofMethods("HttpReply", reply, { header: ["x"], headers: ["x"] }),
  ...ofMethods("RestConnector", () => sremote.docker({ container: "c", socketPath: "/nonexistent/x" }), ofConnectors),
  ...ofMethods("RemoteObject", () => new (sremote.RemoteObject as Any)("builtins.list", { perform: refuse }), {
    call: ["append", [], {}],
    apply: [[], {}],
    get: ["x", {}],
    set: ["x", 1, {}],
    item: [0, {}],
    setItem: [0, 1, {}],
    deleteItem: [0, {}],
    value: [{}],
  }),
  ...ofMethods(
    "RemoteIterable",
    () =>
      new (sremote.RemoteIterable as Any)(
        { perform: refuse, place: { forgetCallbacks: () => undefined, session: { isOver: true } } },
        0,
        () => undefined,
      ),
    { return: [1] },
  ),
  "RemoteMap.cancel": { args: ["reason"], call: (reason: Any) => client().map("os", "getenv", ["A"]).cancel(reason) },
  "Call.cancel": { args: ["reason"], call: (reason: Any) => client().call("os", "getcwd").cancel(reason) },
  ...functions(rest, {
    checkPrivateKey: ["key"],
    clientCredentials: [{ tokenUrl: new URL(url), clientId: "c", proof: { secret: "s" }, label: "none://" }],
    form: [{ a: "b" }],
    givenToken: ["token", "none://"],
    json: [{}],
    multipart: ["field", "file", { size: 0, chunks: async function* () {} }],
  }),
  ...functions(testing, { memory: [{}] }),
  checkConnector: {
    args: [() => unreachable, {}],
    // No case has this name: all of them would take long.
    call: (make: Any, options: Any = {}) =>
      testing.checkConnector(make, typeof options === "object" && options !== null ? { ...options, cases: /^none$/ } : options),
  },
  ...constructors(testing, { ConnectorCheckError: [{ results: [] }] }),
};
