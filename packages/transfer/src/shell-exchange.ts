/* The requests of a transfer on a host without Python: each becomes a script for its shell, and what that prints the frames of an answer. */
import { MarkerScanner, SremoteError } from "@sremote/protocol";
import type { Connector } from "@sremote/connectors";
import { batchLimit, type Exchange, type Frames, type TakeFrame } from "./exchange.ts";
import { decodeFrames, decodeJson, encodeJson, type Frame, frameOf } from "./frame.ts";
import type { Answer, HostRuns } from "./host-run.ts";
import { messages } from "./message.ts";
import { AnswerReader } from "./shell-answer.ts";
import { readListing } from "./shell-listing.ts";
import { type HostTools, probeScript, requestScript } from "./shell-program.ts";
import { hashByShell, type HashItem, type Root, type SendItem, sendByShell } from "./shell-read.ts";
import { ReceiveReport, ReceiveScript } from "./shell-receive.ts";
import { ShellScript } from "./shell-script.ts";
import { startOf } from "./temporary.ts";

type Request =
  | { readonly op: "list"; readonly roots: readonly [path: string, follow: boolean, partials: boolean, recursive: boolean][] }
  | {
      readonly op: "hash";
      readonly roots: readonly Root[];
      readonly items: readonly HashItem[];
    }
  | { readonly op: "send"; readonly roots: readonly Root[]; readonly growing?: boolean }
  | { readonly op: "receive"; readonly root: string; readonly parents: boolean; readonly make: boolean };

export class ShellExchange implements Exchange {
  readonly limit: number = batchLimit;
  readonly #runs: HostRuns;
  readonly #host: string;
  readonly #tools: HostTools;

  private constructor(host: string, runs: HostRuns, tools: HostTools) {
    this.#host = host;
    this.#runs = runs;
    this.#tools = tools;
  }

  get exactTimes(): boolean {
    return this.#tools.exactTimes;
  }

  /** @throws SremoteError `interpreter-missing` when the host lacks one of the tools, too */
  static async start(connector: Connector, runs: HostRuns): Promise<ShellExchange> {
    const { script, marker } = probeScript();
    const lines = behind(await runs.run(script, []), marker, runs)
      .toString("latin1")
      .trim()
      .split("\n");
    if (lines.at(-1) !== "end") throw runs.ended("");
    const found = new Map(lines.map((line) => [line.split(" ", 1)[0]!, line.slice(line.indexOf(" ") + 1)]));
    const lacking = lines.filter((line) => line.startsWith("lacks ")).map((line) => line.slice(6));
    if (lacking.length > 0) throw noInterpreter(connector.label, lacking);
    const has = (name: string): boolean => found.has(name);
    const sha256 = found.get("sha256") ?? "";
    return new ShellExchange(connector.label, runs, {
      sha256: ["sha256sum", "shasum -a 256", "openssl dgst -sha256 -r"].find((known) => known === sha256) ?? "sha256sum",
      exactTimes: has("exactTimes"),
      linkTimes: has("linkTimes"),
      moveOver: has("moveOver"),
    });
  }

  async request(frames: Frames, take: TakeFrame): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const frame of frames) parts.push(frame);
    const [first, ...others] = decodeFrames(parts);
    const request = decodeJson(first!.payload) as Request;
    const run = (script: ShellScript): Promise<AnswerReader> => this.#run(script);
    if (request.op === "list") await this.#list(request, take);
    else if (request.op === "hash") await hashByShell(request.roots, request.items, run, take);
    else if (request.op === "send") {
      const items = others.filter(({ kind }) => kind === messages.items).flatMap(({ payload }) => decodeJson(payload) as SendItem[]);
      await sendByShell(request.roots, items, request.growing === true, run, take);
    } else await this.#receive(request, others, take);
  }

  async close(): Promise<void> {
    await this.#runs.close();
  }

  async #run(script: ShellScript): Promise<AnswerReader> {
    const { length, input } = script.finish();
    const { script: make, marker } = requestScript(this.#tools, length);
    const answer = await this.#runs.run(make, input);
    const output = behind(answer, marker, this.#runs);
    // The last record; without it the script was ended on its way.
    if (!output.subarray(-3).equals(Buffer.from("Z\0\0"))) throw this.#runs.ended(answer.lastLines);
    return new AnswerReader(output, this.#host);
  }

  async #list({ roots }: Request & { op: "list" }, take: TakeFrame): Promise<void> {
    const script = new ShellScript();
    for (const [number, [path, follow, partials, recursive]] of roots.entries()) {
      script.callOn("list", [number], path, follow ? 1 : 0, recursive ? 1 : 0);
      const end = path.lastIndexOf("/");
      const directory = end < 0 ? "." : path.slice(0, end) || "/";
      if (partials) script.callOn("near", [], directory, startOf(path.slice(end + 1)));
    }
    for (const listing of readListing(await this.#run(script))) await take(frameOf(encodeJson(messages.listing, listing)));
  }

  async #receive(request: Request & { op: "receive" }, frames: readonly Frame[], take: TakeFrame): Promise<void> {
    const receiving = new ReceiveScript(this.#tools, request);
    for (const frame of frames) if (frame.kind !== messages.end) receiving.take(frame);
    const report = new ReceiveReport();
    report.take(await this.#run(receiving.finish()), receiving);
    // What went wrong with several files at once is told of each by itself.
    const again = report.fatal ? [] : report.again;
    if (again.length > 0) {
      const repeated = new ReceiveScript(this.#tools, request);
      for (const file of again) repeated.putAlone(file);
      report.take(await this.#run(repeated.finish()), repeated);
    }
    const { done, failures, fatal } = report;
    await take(frameOf(encodeJson(messages.report, { done, failures, fatal })));
  }
}

/** The host has nothing that could do it. */
function noInterpreter(host: string, lacking: readonly string[]): SremoteError {
  return new SremoteError(
    "interpreter-missing",
    `transfers need Python 3.6 or later on the host, or common tools: it has no ${lacking.join(", ")}`,
    {
      stage: "transfer",
      host,
      hint: "they must be on the PATH of a non-interactive shell; single files can be copied with the connector's own push and pull",
    },
  );
}

function behind({ output, lastLines }: Answer, marker: string, runs: HostRuns): Buffer {
  const found = new MarkerScanner(Buffer.from(marker)).push(output);
  if (found === undefined) throw runs.ended(lastLines);
  return Buffer.from(found.buffer, found.byteOffset, found.length);
}
