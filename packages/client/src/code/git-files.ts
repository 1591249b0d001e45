/* Which files git would have in a commit: git itself says so, as it knows every .gitignore, those of the user and of the system. */
import { spawnSync } from "node:child_process";
import { InvalidArgumentError, SremoteError } from "@sremote/protocol";

const mostOutput = 67_108_864;

/** Paths of files below the directory, and of all directories that hold one. */
export function gitFiles(directory: string): ReadonlySet<string> {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const { error, status, stdout, stderr } = spawnSync("git", args, { cwd: directory, maxBuffer: mostOutput, encoding: "utf8" });
  if (error !== undefined) {
    throw new SremoteError("unsupported", `git cannot be run for options.gitignore: ${error.message}`, {
      hint: "install git, or use options.exclude",
      cause: error,
    });
  }
  if (status !== 0) {
    const [reason = ""] = stderr.trim().split("\n");
    throw new InvalidArgumentError(`options.gitignore needs a directory that git knows: ${directory}: ${reason}`);
  }
  const found = new Set<string>();
  for (const path of stdout.split("\0")) {
    for (let part = path; part !== "" && !found.has(part); part = part.slice(0, Math.max(0, part.lastIndexOf("/")))) found.add(part);
  }
  return found;
}
