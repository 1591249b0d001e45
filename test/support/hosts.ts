/* The hosts that behaviour is tested on: one per connector of ours, each with an empty home directory and nothing of ours in it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Connector, docker, jupyter, local, newt, openssh, ssh } from "@sremote/connectors";
import { memory } from "@sremote/connectors/testing";
import { NewtStub } from "../stubs/newt-stub.ts";
import { startDocker } from "../../scripts/labs/docker.ts";
import { startJupyter } from "../../scripts/labs/jupyter.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import { type Carriage, limitedTo } from "./carriage.ts";
import { isNightly } from "./nightly.ts";

/** PATH of every test host: the distribution's own programs, no version manager's stand-ins; the Node of the tests where it has none. */
export const hostPath = `/usr/local/bin:/usr/bin:/bin:${dirname(process.execPath)}`;

export interface TestHost extends AsyncDisposable {
  connector: Connector;
  /** Home directory on the host, which is this machine. */
  home: string;
  /** Another connector to the same host, for a second client. */
  again(): Connector;
}

export interface HostKind {
  name: string;
  /** How calls travel when nothing else is asked for. */
  carriage: Carriage;
  start(): Promise<TestHost>;
  /** Only where it is asked for by name: what it costs, suites of its own are better at. */
  rare?: boolean;
}

async function localHost(make: (home: string) => Connector): Promise<TestHost> {
  const home = await mkdtemp(join(tmpdir(), "sremote-home-"));
  return {
    connector: make(home),
    home,
    again: () => make(home),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

const environment = (home: string): Record<string, string> => ({ HOME: home, PATH: hostPath, LANG: "C.UTF-8" });

let lab: Promise<Lab> | undefined;

/** The sshd that the hosts of one test file share. */
export function sharedSshd(): Promise<Lab> {
  return (lab ??= startSshd({ config: [`SetEnv PATH=${hostPath}`] }));
}

export async function stopSshd(): Promise<void> {
  const running = lab;
  lab = undefined;
  await (await running)?.stop();
}

async function sshHost(make: typeof ssh | typeof openssh, carriage: Carriage = "session"): Promise<TestHost> {
  const server = await sharedSshd();
  const user = await server.addUser();
  const connect = (): Connector => {
    const connector = make({
      host: server.address,
      port: server.port,
      username: user.name,
      privateKeyPath: server.key.path,
      knownHosts: server.knownHosts,
      sshConfig: false,
    });
    return carriage === "session" ? connector : limitedTo(carriage, connector);
  };
  // The lab removes accounts and their files when it stops.
  return { connector: connect(), home: user.home, again: connect, [Symbol.asyncDispose]: async () => {} };
}

/** A host behind a stub of NEWT that disturbs many of its requests. */
async function newtHost(): Promise<TestHost> {
  const stub = await NewtStub.start();
  const connect = (): Connector => newt(stub.options);
  return { connector: connect(), home: stub.sandbox.home, again: connect, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
}

/** A real Jupyter Server, whose kernels run the commands. */
async function jupyterHost(): Promise<TestHost> {
  const server = await startJupyter({ env: { PATH: hostPath } });
  const connectors: Connector[] = [];
  const connect = (): Connector => {
    const connector = jupyter({ baseUrl: server.baseUrl, token: server.token });
    connectors.push(connector);
    return connector;
  };
  return {
    connector: connect(),
    home: server.home,
    again: connect,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(connectors.map((connector) => connector.close()));
      await server.stop();
    },
  };
}

/** A container of a real Docker Engine; its home directory is one of this machine's. */
async function dockerHost(): Promise<TestHost> {
  const engine = await startDocker();
  const home = await mkdtemp(join(engine.directory, "home-"));
  const container = await engine.addContainer({ env: { HOME: home, LANG: "C.UTF-8" }, binds: [home] });
  const connectors: Connector[] = [];
  const connect = (): Connector => {
    const connector = docker({ container, socketPath: engine.socketPath });
    connectors.push(connector);
    return connector;
  };
  return {
    connector: connect(),
    home,
    again: connect,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(connectors.map((connector) => connector.close()));
      await engine.stop();
    },
  };
}

const localConnector = (home: string): Connector => local({ cwd: home, env: environment(home) });

const allKinds: readonly HostKind[] = [
  { name: "local", carriage: "session", start: () => localHost(localConnector) },
  {
    name: "local without sessions",
    carriage: "pipes",
    start: () => localHost((home) => limitedTo("pipes", localConnector(home))),
  },
  {
    name: "three functions",
    carriage: "files",
    start: () => localHost((home) => limitedTo("files", localConnector(home))),
  },
  {
    name: "memory",
    carriage: "files",
    start: async () => {
      const connector = memory({ acceptsStdin: false, env: { PATH: hostPath } });
      return { connector, home: connector.directory, again: () => connector, [Symbol.asyncDispose]: async () => {} };
    },
  },
  { name: "ssh", carriage: "session", start: () => sshHost(ssh) },
  { name: "ssh without sessions", carriage: "pipes", start: () => sshHost(ssh, "pipes") },
  { name: "openssh", carriage: "session", start: () => sshHost(openssh) },
  { name: "newt", carriage: "pipes", start: newtHost, rare: true },
  { name: "jupyter", carriage: "pipes", start: jupyterHost, rare: true },
  { name: "docker", carriage: "session", start: dockerHost, rare: true },
];

/** `SREMOTE_TEST_HOSTS=local,memory` keeps to some: the runs on other versions of Node, which are about the client, need no SSH. */
const wanted = process.env["SREMOTE_TEST_HOSTS"]?.split(",");
export const hostKinds: readonly HostKind[] = allKinds.filter(({ name, rare }) => wanted?.includes(name) ?? rare !== true);

/**
 * One host for each way that a call travels: for suites of what happens behind the connector. That connectors do what these do is proved by
 * `checkConnector`, and of sessions over ssh by test/sessions; nightly the suites run on all.
 */
export const mainKinds: readonly HostKind[] = hostKinds.filter(
  ({ name }) => isNightly || ["local", "local without sessions", "three functions"].includes(name),
);

export const runtimes = ["python", "node"] as const;

type Runtime = (typeof runtimes)[number];

/**
 * Both over sessions of this machine. Over the spool each once: what runs a call there is one program of each runtime, whether pipes or files bring it
 * the request, and what brings it is one client. Over SSH one, since what carries bytes knows nothing of the runtimes. Nightly both everywhere.
 */
export const runtimesOn = ({ name, carriage }: HostKind): readonly Runtime[] => {
  if (isNightly || name === "local") return runtimes;
  return carriage === "pipes" && !name.includes("ssh") ? ["node"] : ["python"];
};

/** Each kind with each runtime that is tried there. */
export const withRuntimes = (kinds: readonly HostKind[]): { readonly kind: HostKind; readonly runtime: Runtime; readonly name: string }[] =>
  kinds.flatMap((kind) => runtimesOn(kind).map((runtime) => ({ kind, runtime, name: `${runtime} on ${kind.name}` })));
