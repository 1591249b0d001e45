import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { RemoteModulesError } from "@sremote/protocol";

const run = promisify(execFile);

export interface Clone extends AsyncDisposable {
  /** Path of a gzipped tar archive of the branch's files, below `package/` as npm wants it (pip does not mind). */
  archive: string;
  fileName: string;
}

/** Clones one branch of a repository on this machine and packs it. Credentials in the URL go through the environment, never the argument vector. */
export async function cloneHere(url: string, branch: string | undefined, signal: AbortSignal | undefined): Promise<Clone> {
  const directory = await mkdtemp(join(tmpdir(), "sremote-clone-"));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const { address, env } = withoutSecret(url);
    const which = branch === undefined ? [] : ["--branch", branch];
    const options = { env: { ...process.env, GIT_TERMINAL_PROMPT: "0", ...env }, signal, maxBuffer: 1 << 24 };
    const tree = join(directory, "tree");
    await run("git", ["clone", "--quiet", "--depth", "1", ...which, "--", address, tree], options);
    const archive = join(directory, "package.tar.gz");
    await run("git", ["-C", tree, "archive", "--format=tar.gz", "--prefix=package/", `--output=${archive}`, "HEAD"], options);
    const { stdout } = await run("git", ["-C", tree, "rev-parse", "HEAD"], options);
    return { archive, fileName: `git-${stdout.trim()}-${process.pid}.tar.gz`, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw cloneError(error, url);
  }
}

/** `https://user:secret@host/x` → the address without the secret, which git then asks of a one-line program that reads our variable. */
function withoutSecret(url: string): { address: string; env: Record<string, string> } {
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return { address: url, env: {} };
  const parsed = new URL(url);
  if (parsed.password === "") return { address: url, env: {} };
  const secret = decodeURIComponent(parsed.password);
  parsed.password = "";
  const env = {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "credential.helper",
    GIT_CONFIG_VALUE_0: '!f() { echo "password=$SREMOTE_GIT_PASSWORD"; }; f',
    SREMOTE_GIT_PASSWORD: secret,
  };
  return { address: parsed.href, env };
}

function cloneError(error: unknown, url: string): RemoteModulesError {
  const { code, stderr } = error as { code?: unknown; stderr?: string };
  const shown = url.replace(/\/\/[^/@]*@/, "//");
  if (code === "ENOENT") {
    return new RemoteModulesError("install-failed", `neither the host nor this machine has git, so ${shown} cannot be cloned`, {
      stage: "install",
      hint: "install git on either",
      cause: error,
    });
  }
  const said = (stderr ?? (error as Error).message).trim().replaceAll(url, shown);
  const lines = said.split("\n");
  const reason = lines.find((line) => /^(?:fatal|error): /.test(line)) ?? lines.at(-1);
  return new RemoteModulesError("install-failed", `git clone of ${shown} failed: ${reason}`, { stage: "install", lastLines: said });
}
