/* Shipped code on the host: what is known to be there, and how it gets there. PROTOCOL.md, "Shipped code". */
import { type Code, codes, RemoteExecError, SremoteError } from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";
import { localFile, type TreeFile, type TreeOrigin, type TreeVersion } from "./tree-version.ts";

/** Up to so many bytes go along with the first question: asking first costs a round trip. */
const unasked = 1_048_576;
/** Questions for one tree. Each answer names what is missing, which goes along with the next. */
const mostQuestions = 4;
/** Digests of files that are remembered. */
const mostKept = 100_000;

/** Calls `put_code` of the endpoint. */
export type PutCode = (runtime: Runtime, args: readonly unknown[]) => Promise<unknown>;

export class HostCode {
  readonly #put: PutCode;
  readonly #host: string;
  /** By runtime and digest: `true` where the tree is there. */
  readonly #trees = new Map<string, Promise<void> | true>();
  /** Digests of files, by runtime. */
  readonly #files = new Map<Runtime, Set<string>>();
  /** The version before. */
  readonly #latest = new Map<TreeOrigin, string>();

  constructor(host: string, put: PutCode) {
    this.#host = host;
    this.#put = put;
  }

  /** Undefined where the host has all of it, as far as is known here. */
  ready(runtime: Runtime, versions: readonly TreeVersion[]): Promise<unknown> | undefined {
    const waiting = versions.map((version) => this.#readyOne(runtime, version)).filter((each) => each !== true);
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  /** The host has said that it lacks some of it. */
  forget(runtime: Runtime, versions: readonly TreeVersion[]): void {
    for (const { digest } of versions) if (this.#trees.get(`${runtime} ${digest}`) === true) this.#trees.delete(`${runtime} ${digest}`);
    this.#files.delete(runtime);
  }

  /** Another directory of the host is used. */
  clear(): void {
    this.#trees.clear();
    this.#files.clear();
    this.#latest.clear();
  }

  #readyOne(runtime: Runtime, version: TreeVersion): Promise<void> | true {
    const key = `${runtime} ${version.digest}`;
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    const sending = this.#send(runtime, version).then(
      () => void (this.#trees.get(key) === sending && this.#trees.set(key, true)),
      (error: unknown) => {
        if (this.#trees.get(key) === sending) this.#trees.delete(key);
        throw shippingError(error, version, this.#host);
      },
    );
    this.#trees.set(key, sending);
    return sending;
  }

  async #send(runtime: Runtime, { origin, digest, manifest, files }: TreeVersion): Promise<void> {
    const kept = this.#files.get(runtime) ?? new Set<string>();
    this.#files.set(runtime, kept);
    const byDigest = new Map(files.map((file) => [file.digest, file]));
    let due = [...byDigest.values()].filter((file) => !kept.has(file.digest));
    if (bytesOf(due) > unasked) due = [];
    const previous = this.#latest.get(origin) ?? null;
    for (let question = 1; question <= mostQuestions; question++) {
      const data = Buffer.concat(due.map(({ content }) => content));
      const answer = await this.#put(runtime, [digest, manifest, due.map((file) => file.digest), data, previous]);
      const missing = missingFiles(answer, byDigest);
      if (missing === undefined) break;
      if (missing.length === 0) {
        if (kept.size > mostKept) kept.clear();
        for (const each of byDigest.keys()) kept.add(each);
        this.#latest.set(origin, digest);
        return;
      }
      due = missing;
    }
    throw new SremoteError("endpoint-broken", "the host does not say which files of the shipped code it lacks, or does not keep them", {
      stage: "setup",
      host: this.#host,
    });
  }
}

function bytesOf(files: readonly TreeFile[]): number {
  return files.reduce((sum, { content }) => sum + content.length, 0);
}

/** Undefined for an answer that is none. */
function missingFiles(answer: unknown, files: ReadonlyMap<string, TreeFile>): TreeFile[] | undefined {
  if (!Array.isArray(answer) || answer.length > files.size) return undefined;
  const found = answer.map((digest) => files.get(String(digest)));
  return found.every((file) => file !== undefined) ? found : undefined;
}

/** Why the code did not get there, in words about the code. */
function shippingError(error: unknown, { origin, digest }: TreeVersion, host: string): unknown {
  if (!(error instanceof RemoteExecError) || error.remote === undefined) return error;
  const { remote, code, hint, callId, outcome } = error;
  if (outcome !== "not-run" && outcome !== "raised") return error;
  const options = { stage: "setup", host, callId, hint, outcome: "not-run" as const, remote };
  if (code === "code-invalid") {
    for (const frame of remote.frames ?? []) frame.file = localFile(frame.file, (each) => (each === digest ? origin : undefined));
    const [{ file, line, source } = { file: origin.root, line: 1, source: null }] = remote.frames ?? [];
    const said = `${remote.type ?? "SyntaxError"}: ${remote.message}${source === null ? "" : `\n    ${source}`}`;
    return new RemoteExecError("code-invalid", `shipped code does not compile: ${file}:${line}: ${said}`, options);
  }
  // Node's program throws an error that has the code; to its worker that is an error like any other.
  const told = remote.members?.["code"];
  const reason = code === "raised" && typeof told === "string" && Object.hasOwn(codes, told) ? (told as Code) : code;
  return new RemoteExecError(reason, `${origin.root} was not shipped: ${remote.message}`, options);
}
