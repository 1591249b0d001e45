import { expect, test } from "vitest";
import * as sremote from "./index.ts";
import * as testing from "./testing.ts";

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
