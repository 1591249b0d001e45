/* Hosts that a configuration reaches otherwise than by SSH. */
import {
  checkConnectorShape,
  type Connector,
  docker,
  type DockerOptions,
  firecrest,
  type FirecrestOptions,
  jupyter,
  type JupyterOptions,
  local,
  type LocalOptions,
  newt,
  type NewtOptions,
  openssh,
  type OpenSshOptions,
  sfapi,
  type SfapiOptions,
  ssh,
  type SshOptions,
} from "@sremote/connectors";
import { given, InvalidArgumentError, nearNames } from "@sremote/protocol";

/**
 * A connector by its name and options, as a file of JSON can say it. There, a text may be `{ "env": "NAME" }`: the value of a variable of this
 * program, so that no secret has to stand in the file.
 */
export type ConnectorSettings =
  | ({ kind: "docker" } & DockerOptions)
  | ({ kind: "firecrest" } & FirecrestOptions)
  | ({ kind: "jupyter" } & JupyterOptions)
  | ({ kind: "local" } & LocalOptions)
  | ({ kind: "newt" } & NewtOptions)
  | ({ kind: "openssh" } & OpenSshOptions)
  | ({ kind: "sfapi" } & SfapiOptions)
  | ({ kind: "ssh" } & SshOptions);

const kinds: { readonly [Kind in ConnectorSettings["kind"]]: (options: never) => Connector } = {
  docker,
  firecrest,
  jupyter,
  local,
  newt,
  openssh,
  sfapi,
  ssh,
};

/** Checks what can be checked without connecting, and without the variables. @throws InvalidArgumentError */
export function checkConnect(connect: unknown, argument: string): asserts connect is ConnectorSettings | (() => Connector) {
  if (typeof connect === "function") return;
  if (typeof connect !== "object" || connect === null || Array.isArray(connect))
    throw new InvalidArgumentError(argument, `a function that makes a connector, or an object with its kind and options${given(connect)}`);
  const { kind } = connect as { kind?: unknown };
  if (typeof kind === "string" && Object.hasOwn(kinds, kind)) return;
  const near = typeof kind === "string" ? nearNames(kind, Object.keys(kinds), 1) : [];
  const hint = near[0] === undefined ? undefined : `did you mean ${near[0]}?`;
  throw new InvalidArgumentError(`${argument}.kind`, `one of ${Object.keys(kinds).join(", ")}${given(kind)}`, { hint });
}

/** @throws InvalidArgumentError naming the option that is wrong, or the variable that is not set */
export function connectorOf(connect: ConnectorSettings | (() => Connector), argument: string): Connector {
  if (typeof connect === "function") {
    const made: unknown = connect();
    checkConnectorShape(made, `the result of ${argument}`);
    return made;
  }
  const { kind, ...options } = connect;
  const make = kinds[kind] as (options: Record<string, unknown>) => Connector;
  return make(Object.fromEntries(Object.entries(options).map(([name, value]) => [name, fromVariable(value, `${argument}.${name}`)])));
}

function fromVariable(value: unknown, argument: string): unknown {
  if (typeof value !== "object" || value === null || Object.keys(value).join() !== "env") return value;
  const name: unknown = (value as { env: unknown }).env;
  if (typeof name !== "string") return value; // an option of that connector
  const text = process.env[name];
  if (text === undefined) throw new InvalidArgumentError(`${argument}: the variable ${name} is not set`);
  return text;
}
