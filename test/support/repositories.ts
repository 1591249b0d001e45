/* Git repositories with one package each, which a backend in their own tree builds, so that no index is asked. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const backend = (module: string, version: string): string => `
import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "${module}-${version}-py3-none-any.whl"
    info = "${module}-${version}.dist-info/"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        wheel.writestr("${module}.py", open("${module}.py").read())
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: ${module}\\nVersion: ${version}\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: sample\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
`;

export interface Repositories extends AsyncDisposable {
  directory: string;
  /** A repository with branch `branch`, whose Python module has a function `answer` that returns 42. */
  python(module: string, version: string, branch: string): Promise<string>;
  /** The same for Node, returning 43. */
  node(name: string, version: string, branch: string): Promise<string>;
}

export async function makeRepositories(): Promise<Repositories> {
  const directory = await mkdtemp(join(tmpdir(), "sremote-sources-"));
  await chmod(directory, 0o755);
  const make = async (name: string, branch: string, files: Record<string, string>): Promise<string> => {
    const path = join(directory, name);
    await mkdir(path);
    for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
    const git = (...args: string[]): Buffer =>
      execFileSync("git", ["-C", path, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args]);
    git("init", "--quiet", "--initial-branch", branch);
    git("add", ".");
    git("commit", "--quiet", "-m", "first");
    execFileSync("chmod", ["-R", "a+rX", path]);
    return path;
  };
  return {
    directory,
    python: (module, version, branch) =>
      make(module, branch, {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": backend(module, version),
        [`${module}.py`]: "def answer():\n    return 42\n",
      }),
    node: (name, version, branch) =>
      make(name, branch, {
        "package.json": JSON.stringify({ name, version, main: "index.js" }),
        "index.js": "exports.answer = () => 43;\n",
      }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
