/* Code of the user's own, from an edit on this machine to a result of the host: by `ship`, and by rsync and a new python3 over ssh. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../scripts/labs/run.ts";
import { against, type Figure } from "./figure.ts";
import { hostPython, type Setting } from "./setting.ts";
import { interleaved, median, timed } from "./statistics.ts";

const packages = 25;
const modulesInEach = 20;
const rounds = 5;

/** Twenty lines; the number makes its content new. */
const moduleText = (number: string): string =>
  `"""Module ${number}."""\n\n${Array.from({ length: 6 }, (_, at) => `def function_${at}(value, factor=${at}):\n    return value * factor\n\n`).join("")}`;

/** 500 modules in packages, of which a call imports a few. */
async function writeTree(root: string, mark: string): Promise<void> {
  const imports = "from . import part0, part1\nfrom .part0 import module0\nfrom .part24 import module19\n";
  await mkdir(root);
  await writeFile(join(root, "__init__.py"), "");
  await writeFile(join(root, "main.py"), `${imports}VERSION = 0\ndef run():\n    return VERSION\n`);
  for (let part = 0; part < packages; part++) {
    await mkdir(join(root, `part${part}`));
    await writeFile(join(root, `part${part}/__init__.py`), "");
    for (let each = 0; each < modulesInEach - 1 + (part === packages - 1 ? 1 : 0); each++)
      await writeFile(join(root, `part${part}/module${each}.py`), moduleText(`${mark} ${part}.${each}`));
  }
}

export async function measureShip(setting: Setting): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "sremote-bench-ship-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { account, lab } = setting;
  await setting.peers([]); // writes the configuration of ssh
  const config = join(lab.directory, `ssh_config_${account.name}_${lab.port}`);
  const python = (...args: readonly string[]): Promise<string> => run("ssh", ["-F", config, "bench", hostPython, ...args]);
  const rsync = async (from: string, to: string): Promise<void> => {
    await run("rsync", ["-a", "--delete", "-e", `ssh -F ${config}`, `${from}/`, `bench:${to}/`]);
    await python("-c", `'import sys; sys.path.insert(0, "trees"); import ${to.slice(6)}.main as main; print(main.run())'`);
  };
  await run("ssh", ["-F", config, "bench", "mkdir", "-p", "trees"]);
  const client = stack.use(setting.client());
  await setting.checkPython(client);

  const edit = async (root: string): Promise<void> => {
    const text = await readFile(join(root, "main.py"), "utf8");
    await writeFile(join(root, "main.py"), text.replace(/VERSION = \d+/, `VERSION = ${Math.floor(Math.random() * 1e9)}`));
  };
  let made = 0;
  const newTree = async (): Promise<string> => {
    const root = join(folder, `tree${++made}`);
    await writeTree(root, String(made));
    return root;
  };
  const shipped = await newTree();
  const name = `tree${made}`;
  client.ship(shipped);
  const call = (): Promise<unknown> => client.doRemoteCall(`${name}.main`, "run");
  await call();
  const synced = await newTree();
  const target = `trees/tree${made}`;
  await rsync(synced, target);
  const script = join(folder, "script.py");
  const job = join(folder, "job.py");
  const jobText = (n: number): string => `import os\ndef run():\n    return ${n}\n`;
  await writeFile(job, jobText(0));
  client.ship(job);
  await client.doRemoteCall("job", "run");

  const times = await interleaved(
    {
      first: async () => {
        const root = await newTree();
        const own = `tree${made}`;
        return timed(async () => {
          await using fresh = setting.client();
          fresh.ship(root);
          await fresh.doRemoteCall(`${own}.main`, "run");
        });
      },
      "first by rsync": async () => {
        const root = await newTree();
        const to = `trees/tree${made}`;
        return timed(() => rsync(root, to));
      },
      unchanged: () => timed(call),
      "unchanged by rsync": () => timed(() => rsync(synced, target)),
      edited: async () => {
        await edit(shipped);
        return timed(call);
      },
      "edited by rsync": async () => {
        await edit(synced);
        return timed(() => rsync(synced, target));
      },
      "edit of a file": async () => {
        await writeFile(job, jobText(Math.floor(Math.random() * 1e9)));
        return timed(() => client.doRemoteCall("job", "run"));
      },
      "script over ssh": async () => {
        await writeFile(script, "print(1)\n");
        return timed(() => run("sh", ["-c", 'ssh -F "$1" bench "$2" - < "$3"', "sh", config, hostPython, script]));
      },
    },
    { rounds, warmUp: 1 },
  );
  const of = (row: string): number => median(times.get(row)!);
  const figure = (what: string, row: string, atMost: number): Figure => ({
    name: `500 files of Python, ${what}, to the result of a call`,
    value: of(row),
    unit: "ms",
    role: "headline",
    compared: against("rsync and ssh python3", of(`${row} by rsync`), { atMost }),
  });
  return [
    figure("nothing of it on the host", "first", 1),
    figure("unchanged, in a session", "unchanged", 0.3),
    figure("one edited, in a session", "edited", 0.3),
    {
      name: "one file of Python edited, in a session, to the result of a call",
      value: of("edit of a file"),
      unit: "ms",
      role: "headline",
      compared: against("a script over ssh", of("script over ssh"), { atMost: 0.2 }),
    },
  ];
}
