/* Containers of a Docker Engine on this machine. */
import { InvalidArgumentError, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { RestConnector } from "../rest-connector.ts";
import { checkName } from "../settings.ts";
import { DockerEngine } from "./engine.ts";

export interface DockerOptions {
  /** Name or id of a container that runs. */
  container: string;
  /** The engine's UNIX socket. @default `/var/run/docker.sock` */
  socketPath?: string | undefined;
  /** Who commands run as: `name`, `uid`, `name:group`. @default as the container says */
  user?: string | undefined;
  /** Directory in which commands start. @default as the container says */
  cwd?: string | undefined;
}

const optionNames: OptionNames<DockerOptions> = { container: true, socketPath: true, user: true, cwd: true };

/**
 * A connector to a running container, through the API of the engine that runs it.
 *
 * @example
 * ```ts
 * import { docker, RemoteClient } from "sremote";
 *
 * await using client = new RemoteClient(docker({ container: "worker" }));
 * ```
 */
export function docker(options: DockerOptions): RestConnector {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", "an object");
  checkOptionNames(options, optionNames);
  const { container, socketPath = "/var/run/docker.sock", user, cwd } = options;
  checkName(container, "options.container");
  checkAbsolute(socketPath, "options.socketPath");
  if (user !== undefined && (typeof user !== "string" || !/^[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?$/.test(user))) {
    throw new InvalidArgumentError("options.user", "a user, or user:group, by name or number");
  }
  if (cwd !== undefined) checkAbsolute(cwd, "options.cwd");
  return new RestConnector(new DockerEngine({ container, user, cwd }), { baseUrl: "http://docker", socketPath });
}

function checkAbsolute(path: unknown, argument: string): void {
  const valid = typeof path === "string" && path.startsWith("/") && !path.includes("\0");
  if (!valid) throw new InvalidArgumentError(argument, "an absolute path");
}
