import { expect, test } from "vitest";
import * as fleet from "./fleet.ts";
import * as sremote from "./index.ts";
import * as testing from "./testing.ts";
import * as transfer from "./transfer.ts";

// A name that is added here is promised; one that is removed breaks programs. Both belong into the changelog.
test("the main entry exports exactly these names", () => {
  expect(Object.keys(sremote).toSorted()).toEqual([
    "Call",
    "ConnectError",
    "HttpClient",
    "InvalidArgumentError",
    "NdArray",
    "OutcomeUnknownError",
    "ProtocolError",
    "RemoteClient",
    "RemoteExecError",
    "RemoteIterable",
    "RemoteModulesError",
    "RemoteNotSetupError",
    "RemoteObject",
    "RestConnector",
    "SremoteError",
    "TransferError",
    "UnserializableError",
    "codes",
    "createConnector",
    "defaultSerializer",
    "docker",
    "firecrest",
    "fromBytes",
    "hostText",
    "jupyter",
    "local",
    "newt",
    "openssh",
    "sfapi",
    "shell",
    "ssh",
    "toBytes",
  ]);
});

test("sremote/testing exports exactly these names", () => {
  expect(Object.keys(testing).toSorted()).toEqual(["ConnectorCheckError", "checkConnector", "connectorCases", "memory"]);
});

test("sremote/transfer exports exactly these names", () => {
  expect(Object.keys(transfer).toSorted()).toEqual([
    "formatBytes",
    "formatChanges",
    "formatProgress",
    "progressBar",
    "pull",
    "push",
    "sync",
  ]);
  expect(fleet).toMatchObject(transfer);
});

test("sremote/fleet exports exactly these names", () => {
  expect(Object.keys(fleet).toSorted()).toEqual([
    "Fleet",
    "Host",
    "HostSet",
    "OutputTree",
    "RemoteCall",
    "RemoteProcess",
    "RemoteTransfer",
    "Report",
    "Run",
    "RunError",
    "RunResult",
    "Timer",
    "allOf",
    "compactOutput",
    "compareNatural",
    "countsOf",
    "createLogger",
    "defaultConfiguration",
    "defineConfiguration",
    "display",
    "each",
    "expand",
    "firstOf",
    "fleet",
    "fold",
    "formatBytes",
    "formatChanges",
    "formatCounts",
    "formatDate",
    "formatDifferences",
    "formatDuration",
    "formatGathered",
    "formatProgress",
    "gather",
    "groupsOf",
    "hostDestinations",
    "hostSet",
    "insecureCluster",
    "isOk",
    "loadConfiguration",
    "loadGroups",
    "localFleet",
    "parallel",
    "parseDate",
    "parseDuration",
    "parseGroups",
    "progressBar",
    "pull",
    "push",
    "reportOn",
    "resolveConfiguration",
    "sequence",
    "sleep",
    "sshConfigHosts",
    "statsOf",
    "substitute",
    "sumStats",
    "sync",
  ]);
});
