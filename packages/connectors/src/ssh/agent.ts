/* The agent's keys, all or only those that ssh_config names. */
import { readFile } from "node:fs/promises";
import ssh2 from "ssh2";
import type { BaseAgent, IdentityCallback, ParsedKey, SignCallback, SigningRequestOptions } from "ssh2";
import { errnoOf } from "../errno.ts";

/** The agent at a socket's path, or the given one. */
export function openAgent(agent: string | BaseAgent): BaseAgent {
  return typeof agent === "string" ? ssh2.createAgent(agent) : agent;
}

/** The agent, showing only keys whose public half lies beside one of the files (`IdentitiesOnly yes`). */
export async function onlyNamed(agent: BaseAgent, files: readonly string[]): Promise<BaseAgent> {
  const named: Buffer[] = [];
  for (const file of files) {
    try {
      const parsed = ssh2.utils.parseKey(await readFile(`${file}.pub`));
      if (!(parsed instanceof Error)) named.push(parsed.getPublicSSH());
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }
  return new SelectedKeys(agent, named);
}

class SelectedKeys extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: BaseAgent;
  readonly #named: readonly Buffer[];

  constructor(agent: BaseAgent, named: readonly Buffer[]) {
    super();
    this.#agent = agent;
    this.#named = named;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    this.#agent.getIdentities((error, keys) => {
      if (error !== undefined && error !== null) return callback(error);
      const parsed = (keys ?? []).map((key) => parsePublic(key));
      const selected = parsed.filter((key): key is ParsedKey => {
        return !(key instanceof Error) && this.#named.some((blob) => blob.equals(key.getPublicSSH()));
      });
      callback(undefined, selected);
    });
  }

  override sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
    const [request, done] = typeof options === "function" ? [{}, options] : [options, callback];
    this.#agent.sign(key, data, request, done);
  }
}

/** An agent's keys are blobs in wire format or what they were parsed to, which parseKey gives back as it is. */
function parsePublic(key: unknown): ParsedKey | Error {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types know only text and blobs
  return ssh2.utils.parseKey(key as Buffer);
}
