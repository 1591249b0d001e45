/*
 * The behaviour suite of every connector, over stubs of services whose commands are tasks or jobs. They are waited for most of the time, so
 * cases run at once, each with a stub of its own.
 */
import { connectorCases } from "@sremote/connectors/testing";
import { describe, test, vi } from "vitest";
import { isNightly } from "../support/nightly.ts";
import { hostile } from "../stubs/hostile-server.ts";
import { restKinds } from "./dialects.ts";
import { runWithOwnStub } from "./own-stub.ts";

vi.setConfig({ maxConcurrency: 12 });

/**
 * What a service of tasks or jobs has to do with: how its commands begin and end, are asked after, and are ended, how it refuses, and its sizes (of
 * 11 MB each piece but the last is as large as may be). What is the base's, whoever runs the script, is put to the test over `newt`: see
 * conformance.test.ts.
 */
const ofServices =
  /exit code (?:0|255)|G31 std(?:in|out)|abort of exec|deadline of exec|20 commands|closing ends what|a cut link|label|^REST: (?:11 MB|G|output|an exit|a download|a command|credentials|an error with status 200 once for a (?:start|poll))/;
/** How polls fail is the base's, too, and one service shows it. */
const ofPolls = /once for a poll request/;

const polled = restKinds.filter(({ isPolled }) => isPolled);
describe.each(polled)("$name over a hostile stub, with links that can be cut", (kind) => {
  const isTried = (name: string): boolean => isNightly || ofServices.test(name) || (kind === polled[0] && ofPolls.test(name));
  for (const each of connectorCases().filter(({ name }) => isTried(name))) {
    // Memory is of the whole process, stubs included.
    const define = each.name.includes("memory") ? test : test.concurrent;
    define(each.name, { timeout: 120_000 }, () => runWithOwnStub(kind, each, hostile));
  }
});
