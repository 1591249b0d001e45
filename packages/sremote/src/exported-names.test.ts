import { expect, test } from "vitest";
import * as fleet from "./fleet.ts";
import * as sremote from "./index.ts";
import * as testing from "./testing.ts";

// A name that is added here is promised; one that is removed breaks programs. Both belong into the changelog.
test("the main entry exports exactly these names", () => {
  expect(Object.keys(sremote).toSorted()).toEqual([
    "Call",
    "ConnectError",
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
    "SremoteError",
    "TransferError",
    "UnserializableError",
    "codes",
    "createConnector",
    "defaultSerializer",
    "fromBytes",
    "local",
    "openssh",
    "shell",
    "ssh",
    "toBytes",
  ]);
});

test("sremote/testing exports exactly these names", () => {
  expect(Object.keys(testing).toSorted()).toEqual(["ConnectorCheckError", "checkConnector", "connectorCases", "memory"]);
});

test("sremote/fleet exports exactly these names", () => {
  expect(Object.keys(fleet).toSorted()).toEqual([
    "Host",
    "HostSet",
    "OutputTree",
    "Report",
    "Timer",
    "compactOutput",
    "compareNatural",
    "createLogger",
    "defaultConfiguration",
    "defineConfiguration",
    "expand",
    "fold",
    "formatBytes",
    "formatChanges",
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
    "parseDate",
    "parseDuration",
    "parseGroups",
    "progressBar",
    "pull",
    "push",
    "reportOn",
    "resolveConfiguration",
    "sleep",
    "sshConfigHosts",
    "statsOf",
    "substitute",
    "sumStats",
    "sync",
  ]);
});
