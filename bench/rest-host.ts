/* Services with a REST interface on loopback: the stubs of the tests, disturbing nothing, and real servers where they can run here. */
import { Agent, request } from "undici";
import { docker, jupyter, type RestConnector } from "@sremote/connectors";
import { startDocker } from "../scripts/labs/docker.ts";
import { startJupyter } from "../scripts/labs/jupyter.ts";
import { restKinds } from "../test/rest/dialects.ts";
import { peaceful } from "../test/stubs/hostile-server.ts";

export interface RestHost {
  /** The dialect, and what stands for the service. */
  readonly name: string;
  /** A directory on the host that can be written to. */
  readonly home: string;
  readonly connector: RestConnector;
  /** One GET that the server answers without doing anything for it, by the HTTP client that our connectors use, over a connection that stays. */
  ask(): Promise<void>;
}

type Start = (stack: AsyncDisposableStack) => Promise<Omit<RestHost, "name">>;

/** Those that can run on this machine; why others cannot is told on standard error. All end with the stack. */
export async function startRestHosts(stack: AsyncDisposableStack): Promise<RestHost[]> {
  const hosts: RestHost[] = [];
  for (const [name, start] of Object.entries(starts)) {
    await using own = new AsyncDisposableStack();
    try {
      hosts.push({ name, ...(await start(own)) });
    } catch (error) {
      console.error(`bench: ${name}: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    stack.use(own.move());
  }
  return hosts;
}

const stubs = restKinds.map((kind): [string, Start] => [
  `${kind.name} (stub)`,
  async (stack) => {
    const host = stack.use(await kind.start(peaceful));
    return { home: host.sandbox.home, connector: host.connect(), ask: bareGet(stack, `${host.server.url}/`) };
  },
]);

const starts: Readonly<Record<string, Start>> = {
  ...Object.fromEntries(stubs),
  jupyter: async (stack) => {
    const { baseUrl, token, home } = stack.use(await startJupyter());
    return { home, connector: jupyter({ baseUrl, token }), ask: bareGet(stack, `${baseUrl}/api`) };
  },
  docker: async (stack) => {
    const lab = stack.use(await startDocker());
    const home = "/root";
    const container = await lab.addContainer({ env: { HOME: home } });
    const { socketPath } = lab;
    return { home, connector: docker({ container, socketPath }), ask: bareGet(stack, "http://docker/_ping", socketPath) };
  },
};

function bareGet(stack: AsyncDisposableStack, url: string, socketPath?: string): () => Promise<void> {
  const agent = new Agent({ pipelining: 1, ...(socketPath !== undefined && { connect: { socketPath } }) });
  stack.defer(() => agent.destroy());
  return async () => {
    const { statusCode, body } = await request(url, { dispatcher: agent });
    await body.dump();
    if (statusCode >= 500) throw new Error(`${url}: HTTP status ${statusCode}`);
  };
}
