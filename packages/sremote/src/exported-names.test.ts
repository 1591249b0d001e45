import { expect, test } from "vitest";
import * as fleet from "./fleet.ts";
import * as sremote from "./index.ts";
import * as rest from "./rest.ts";
import * as testing from "./testing.ts";
import * as transfer from "./transfer.ts";

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

test("sremote/rest exports exactly these names", () => {
  expect(Object.keys(rest).toSorted()).toEqual([
    "HttpClient",
    "HttpReply",
    "RestConnector",
    "checkPrivateKey",
    "clientCredentials",
    "form",
    "givenToken",
    "json",
    "multipart",
  ]);
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
});

test("sremote/fleet exports exactly these names", () => {
  expect(Object.keys(fleet).toSorted()).toEqual([
    "Fleet",
    "Host",
    "HostSet",
    "OutputTree",
    "RemoteProcess",
    "Report",
    "RunError",
    "Timer",
    "allOf",
    "createLogger",
    "defineConfiguration",
    "display",
    "each",
    "expand",
    "firstOf",
    "fleet",
    "fold",
    "formatDate",
    "formatDifferences",
    "formatDuration",
    "formatGathered",
    "gather",
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
    "reportOn",
    "resolveConfiguration",
    "sequence",
    "sleep",
    "sshConfigHosts",
    "substitute",
  ]);
});

test("no entry exports more than 40 values, and none what another does", () => {
  const entries = [sremote, fleet, rest, testing, transfer].map((each) => Object.keys(each));
  for (const names of entries) expect(names.length).toBeLessThanOrEqual(40);
  expect(new Set(entries.flat()).size).toBe(entries.flat().length);
});
