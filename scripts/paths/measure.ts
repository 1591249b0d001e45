/*
 * `node scripts/paths/measure.ts [--write]`: which files a warm call, a command on a fleet and a small push run through, as JSON; with `--write`
 * also into docs/paths.md. Over a real SSH server, so it needs root.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { type Connector, ssh } from "@sremote/connectors";
import { fleet } from "@sremote/fleet";
import { push } from "@sremote/transfer";
import { type Lab, startSshd } from "../labs/sshd.ts";
import { executedFiles } from "./executed-files.ts";
import { type Paths, pathsPage } from "./page.ts";
import { executedPython, profiled } from "./python-files.ts";

/** Acknowledgements and credit are not part of every call, but of some of so many. */
const calls = 50;

async function measure(lab: Lab, directory: string): Promise<Paths> {
  const { name: username } = await lab.addUser();
  const { address: host, port, key, knownHosts } = lab;
  const connect = (): Connector => ssh({ host, port, username, privateKeyPath: key.path, knownHosts, sshConfig: false });
  const log = join(directory, "calls");
  await writeFile(log, "");
  await chmod(log, 0o666);
  const call = async (client: RemoteClient): Promise<void> => {
    for (let index = 0; index < calls; index++) await client.doRemoteCall("os", "getpid");
  };
  const file = join(directory, "small");
  await writeFile(file, "small");

  await using client = new RemoteClient(connect());
  await call(client);
  const ofClient = await executedFiles(() => call(client));
  await using noted = new RemoteClient(profiled(connect(), log));
  await call(noted);
  const ofHost = await executedPython(log, () => call(noted));

  await using hosts = fleet([host], { connect });
  await hosts.run("true");
  const run = await executedFiles(async () => void (await hosts.run("true")));

  await using connector = connect();
  await push(connector, file, "one");
  return { call: [...ofClient, ...ofHost], run, push: await executedFiles(() => push(connector, file, "another")) };
}

const directory = await mkdtemp(join(tmpdir(), "sremote-paths-"));
await chmod(directory, 0o755);
const lab = await startSshd();
try {
  const paths = await measure(lab, directory);
  console.log(JSON.stringify(paths));
  const page = new URL("../../docs/paths.md", import.meta.url);
  if (process.argv.includes("--write")) await writeFile(page, pathsPage(await readFile(page, "utf8"), paths));
} finally {
  await lab.stop();
  await rm(directory, { recursive: true });
}
