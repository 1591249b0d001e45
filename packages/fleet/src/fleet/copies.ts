/* Copies to and from all hosts of a fleet: which paths, and a transfer for each host. */
import type { Connector } from "@sremote/connectors";
import {
  asLocalName,
  checkOptions,
  type CopyOptions,
  pull,
  push,
  sync,
  type TransferProgress,
  type TransferResult,
} from "@sremote/transfer";
import { InvalidArgumentError } from "@sremote/protocol";
import type { ResolvedConfiguration } from "../configuration/index.ts";
import type { Host, HostSet } from "../host/index.ts";
import type { Logger } from "../log/index.ts";
import { type MakeJob, nameOf, type Run, type Turn } from "../run/index.ts";
import { substitute } from "../substitute.ts";
import { parseDuration } from "../time/index.ts";
import { hostDestinations } from "./host-destinations.ts";
import { checkGroupOptions, type FleetTransferOptions, type GroupOptions, splitGroupOptions } from "./options.ts";
import { remotePath } from "./remote-path.ts";
import { RemoteTransfer, type Transfer } from "./remote-transfer.ts";

/** What copies need of their fleet. */
export interface CopyingFleet {
  readonly hosts: HostSet;
  readonly configuration: ResolvedConfiguration;
  readonly logger: Logger;
  readonly labels: ReadonlyMap<string, string>;
  directoryAt(index: number): string | undefined;
  reach(host: Host, turn: Turn, signal: AbortSignal): Promise<Connector>;
  /** A job whose host may be lost. */
  follow(job: RemoteTransfer): RemoteTransfer;
  make(makers: readonly MakeJob<RemoteTransfer>[], what: string, group: GroupOptions): Run<RemoteTransfer>;
}

type Paths = string | readonly string[];

export function pushToAll(fleet: CopyingFleet, sources: Paths, destination: string, options: FleetTransferOptions): Run<RemoteTransfer> {
  const from = sourcesOf(sources, filledIn(fleet, sources, "sources", options, "here"));
  const [to] = filledIn(fleet, destination, "destination", options, "there");
  return transfer(fleet, `push ${nameOf(destination)}`, options, (index, connector, own) => push(connector, from(index), to![index]!, own));
}

export function pullFromAll(fleet: CopyingFleet, sources: Paths, destination: string, options: FleetTransferOptions): Run<RemoteTransfer> {
  const from = sourcesOf(sources, filledIn(fleet, sources, "sources", options, "there"));
  const to = placesHere(fleet, destination, options);
  return transfer(fleet, `pull ${nameOf(destination)}`, options, (index, connector, own) => pull(connector, from(index), to[index]!, own));
}

export function syncAll(
  fleet: CopyingFleet,
  here: string,
  there: string,
  options: FleetTransferOptions & { direction: "push" | "pull" },
): Run<RemoteTransfer> {
  const [to] = filledIn(fleet, there, "remote", options, "there");
  const from = options.direction === "pull" ? placesHere(fleet, here, options) : filledIn(fleet, here, "local", options, "here")[0]!;
  return transfer(fleet, `sync ${nameOf(there)}`, options, (index, connector, own) =>
    sync(connector, from[index]!, to![index]!, { ...own, direction: options.direction }),
  );
}

/** One alone is something else than a list of one, which goes into a directory. */
function sourcesOf(sources: Paths, all: readonly string[][]): (index: number) => Paths {
  return (index) => (typeof sources === "string" ? all[0]![index]! : all.map((each) => each[index]!));
}

/** Paths of the host begin in its working directory; a host's name in one of ours is a single name, which leads nowhere. */
function filledIn(fleet: CopyingFleet, paths: Paths, argument: string, options: FleetTransferOptions, side: "here" | "there"): string[][] {
  checkGroupOptions(options);
  const { lists } = options;
  const all = typeof paths === "string" ? [paths] : paths;
  if (!Array.isArray(all)) throw new InvalidArgumentError(argument, "a path, or a list of them");
  return all.map((text) =>
    side === "here"
      ? substitute(text, fleet.hosts, { lists, argument, ofHost: asLocalName })
      : substitute(text, fleet.hosts, { lists, argument }).map((path, index) => remotePath(fleet.directoryAt(index), path)),
  );
}

function placesHere({ hosts, labels }: CopyingFleet, path: string, { lists }: FleetTransferOptions): string[] {
  return hostDestinations(path, hosts, { lists, labels });
}

function transfer(
  fleet: CopyingFleet,
  what: string,
  options: FleetTransferOptions,
  begin: (index: number, connector: Connector, options: CopyOptions) => Promise<TransferResult>,
): Run<RemoteTransfer> {
  const [group, ofTransfer] = splitGroupOptions(options);
  const { hostTimeout, ignore = [], lists: _, onProgress, ...own } = ofTransfer;
  checkGroupOptions(options);
  checkOptions({ ...own, onProgress: onProgress as CopyOptions["onProgress"] });
  const { forceKillAfterDelay, outputInLog } = fleet.configuration;
  const milliseconds = parseDuration(hostTimeout, { argument: "options.hostTimeout" });
  const makers = fleet.hosts.map((host, index): MakeJob<RemoteTransfer> => {
    const settings = {
      name: host.toString(),
      label: fleet.labels.get(host.key),
      host,
      ignore,
      output: "discard" as const,
      outputLimit: undefined,
      forceKillAfterDelay,
      timeout: milliseconds,
      logger: fleet.logger,
      outputInLog,
    };
    const progress = onProgress === undefined ? {} : { onProgress: (each: TransferProgress) => onProgress(each, host) };
    const work: Transfer = (connector, signal, left) => begin(index, connector, { ...own, ...progress, signal, timeout: left });
    return (turn) => fleet.follow(new RemoteTransfer((signal) => fleet.reach(host, turn(), signal), work, settings));
  });
  return fleet.make(makers, what, group);
}
