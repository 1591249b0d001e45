/* What a command left: from its report where it came along, else from its files. */
import { createHash } from "node:crypto";
import { TransferError } from "@sremote/protocol";
import type { RestContext, ScriptDialect } from "./dialect.ts";
import { fetchFile, fetchParts } from "./fetch.ts";
import type { Attempt } from "./job.ts";
import type { Done, Part } from "./report.ts";

export interface Result extends AsyncDisposable {
  readonly exitCode: number;
  readonly truncated: boolean;
  readonly stderr: Uint8Array;
  /** Hands over stdout, verified at the end; to be called once. */
  stdout(take: (chunk: Uint8Array) => Promise<void>): Promise<void>;
}

export interface Fetching {
  readonly dialect: ScriptDialect;
  readonly stage: string;
  readonly attempt: Attempt;
  /** Milliseconds that a file may take to become visible. */
  readonly visibilityTimeout: number;
  /** Called when the files are not needed any more. */
  readonly release: () => void;
}

type Take = (chunk: Uint8Array) => Promise<void>;

/** Fetches stderr, which is short; stdout waits until it is taken. */
export async function resultOf(report: Done, fetching: Fetching, context: RestContext): Promise<Result> {
  const chunks: Uint8Array[] = [];
  await fetchPart(report.stderr, "err", async (chunk) => void chunks.push(chunk), fetching, context);
  return {
    exitCode: report.exitCode,
    truncated: report.truncated,
    stderr: Buffer.concat(chunks),
    stdout: (take) => fetchPart(report.stdout, "out", take, fetching, context),
    [Symbol.asyncDispose]: async () => fetching.release(),
  };
}

async function fetchPart(
  part: Part,
  name: string,
  take: Take,
  { dialect, stage, attempt, visibilityTimeout }: Fetching,
  context: RestContext,
): Promise<void> {
  const { size, sha256, bytes } = part;
  const about = { stage, host: dialect.label };
  if (size === 0) return;
  if (sha256 === undefined) {
    throw new TransferError("transfer-failed", "the result cannot be verified: the host has no tool that computes SHA-256", {
      ...about,
      hint: "one of sha256sum, shasum, openssl or python3 must be on the PATH of a non-interactive shell",
    });
  }
  // What came along in the report may have been mangled on the way; the file is the truth.
  if (bytes !== undefined && createHash("sha256").update(bytes).digest("hex") === sha256) return take(bytes);
  const hash = createHash("sha256");
  const hashed = async (chunk: Uint8Array): Promise<void> => {
    hash.update(chunk);
    await take(chunk);
  };
  const file = `${attempt.work}/${attempt.id}/${name}`;
  const get = attempt.splitAt;
  if (get !== undefined && size > get) await fetchParts(dialect, file, size, get, hashed, context, visibilityTimeout);
  else await fetchFile(dialect, file, size, hashed, context, visibilityTimeout);
  if (hash.digest("hex") !== sha256) {
    throw new TransferError("transfer-failed", "the SHA-256 of what arrived is not that of what the host has", about);
  }
}
