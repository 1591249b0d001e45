/* The other entries: fleets, transfers, REST connectors, tests of connectors. */
import { type Connector, local, type SpawnedProcess } from "sremote";
import { each, Fleet, fleet, type HostSet, localFleet, RemoteProcess, type RemoteCall, type Run, type RunResult } from "sremote/fleet";
import { clientCredentials, RestConnector, type ScriptDialect, type TokenSource } from "sremote/rest";
import { checkConnector, type CheckReport, memory } from "sremote/testing";
import { push, type TransferResult } from "sremote/transfer";
import { typed } from "./same.js";

export async function fleets(): Promise<void> {
  await using nodes = fleet("node[1-3]", { concurrency: 8 });
  typed<Fleet>()(nodes);
  const calls = nodes.call<number>("os", "cpu_count");
  typed<Run<RemoteCall<number>>>()(calls);
  const done = await calls;
  typed<RunResult<RemoteCall<number>>>()(done);
  for (const job of done.jobs) typed<number | undefined>()(job.value);
  typed<unknown>()((await nodes.call("os", "cpu_count")).jobs[0]?.value);
  const run = nodes.run(["ls", "-l"]);
  typed<Run<RemoteProcess>>()(run);
  for await (const { host, text } of run) typed<string>()(`${host}${text}`);
  typed<HostSet>()((await run).failed);
  nodes.run(each(["a", "b", "c"]));
  nodes.call<number>("os", "getpid", ({ address }) => [address]);
  localFleet();
  // @ts-expect-error -- no option of it
  nodes.run("ls", { windw: 1 });
  // @ts-expect-error -- results stay with their hosts only in calls of one client
  nodes.call("os", "getpid", [], { returns: "object" });
  // @ts-expect-error -- a command is not a number
  nodes.run(1);
}

export async function transfers(): Promise<void> {
  typed<TransferResult>()(await push(local(), "a", "/tmp/a"));
  // @ts-expect-error -- no option of it
  await push(local(), "a", "/tmp/a", { dryrun: true });
}

export function rest(dialect: ScriptDialect): Connector {
  const tokens = clientCredentials({ tokenUrl: new URL("https://x"), clientId: "a", proof: { secret: "s" }, label: "x://" });
  typed<TokenSource>()(tokens);
  // @ts-expect-error -- a base URL is needed
  void new RestConnector(dialect, {});
  return new RestConnector(dialect, { baseUrl: "https://x" });
}

export async function tests(): Promise<void> {
  typed<CheckReport>()(await checkConnector(() => memory()));
  typed<Promise<SpawnedProcess> | undefined>()(local().spawn?.(["cat"]));
}
