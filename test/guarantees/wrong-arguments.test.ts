/*
 * Programs without types: every exported function, constructor and method is called with values of every kind in each of its places. What comes of
 * that is a result, or an error of ours that names the argument; never an error of the engine, and nothing is sent.
 */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import * as fleets from "../../packages/sremote/src/fleet.ts";
import * as sremote from "../../packages/sremote/src/index.ts";
import * as rest from "../../packages/sremote/src/rest.ts";
import * as testing from "../../packages/sremote/src/testing.ts";
import * as transfers from "../../packages/sremote/src/transfer.ts";
import { calls, passed } from "./callable.ts";
import { useOwnTemporaryDirectory } from "../support/own-temporary.ts";

useOwnTemporaryDirectory();

const nothing = Symbol("nothing");
const values: readonly (readonly [shown: string, value: unknown])[] = [
  ["no argument", nothing],
  ["undefined", undefined],
  ["null", null],
  ["3", 3],
  ['""', ""],
  ['"x"', "x"],
  ["{}", {}],
  ["[]", []],
  ["[3]", [3]],
  ["true", true],
  ["a function", (): undefined => undefined],
];
/** Milliseconds after which something that was begun counts as taken. */
const patience = 100;

const taken = "taken";

/** The error that a call ends in, or that it is taken. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  const outcome = (async (): Promise<unknown> => {
    const made: unknown = await call();
    return typeof made === "object" && made !== null && Symbol.asyncIterator in made && "next" in made
      ? await (made as AsyncIterator<unknown>).next()
      : made;
  })();
  return await Promise.race([
    outcome.then(
      () => taken,
      (error: unknown) => error,
    ),
    delay(patience, taken),
  ]);
}

/** What is wrong with an error, if anything. */
function complaint(outcome: unknown): string | undefined {
  if (outcome === taken || outcome === passed.reason) return undefined; // some reject with the signal's own reason, as timers of Node do
  if (!(outcome instanceof sremote.SremoteError)) return `an error that is none of ours: ${String(outcome)}`;
  if (
    outcome instanceof sremote.InvalidArgumentError &&
    !/^unknown option|^[\w.:[\]"'()]+ .*(must|cannot|needs|is|are|has|have)\b/s.test(outcome.message)
  ) {
    return `an error that names no argument: ${outcome.message}`;
  }
  return undefined;
}

test.each(Object.entries(calls))("%s takes nothing for what it is not", async (_name, { args, call }) => {
  const given = (at: number, value: unknown): readonly unknown[] => (value === nothing ? args.slice(0, at) : args.with(at, value));
  const tried = args.flatMap((_, at) => values.map(([shown, value]) => ({ what: `${shown} at ${at}`, given: given(at, value) })));
  const outcomes = await Promise.all(
    tried.map(async (each) => ({ what: each.what, wrong: complaint(await outcomeOf(() => call(...each.given))) })),
  );
  expect(outcomes.filter(({ wrong }) => wrong !== undefined).map(({ what, wrong }) => `${what}: ${wrong}`)).toEqual([]);
});

test("every exported function, constructor and method that takes arguments is tried", () => {
  const exported = Object.entries({ fleet: fleets, "": sremote, rest, testing, transfer: transfers }).flatMap(([entry, module]) => {
    const report = readFileSync(new URL(`../../docs/api/sremote${entry === "" ? "" : `-${entry}`}.d.ts`, import.meta.url), "utf8");
    return Object.keys(module).flatMap((name) => callable(name, report));
  });
  expect(exported.filter((name) => !(name in calls))).toEqual([]);
});

/** The names under which an export can be called with arguments, as its report tells. */
function callable(name: string, report: string): string[] {
  if (new RegExp(`^declare function ${name}\\b[^(]*\\((?!\\))`, "m").test(report)) return [name];
  const body = new RegExp(`^declare class ${name}\\b.*?^}`, "ms").exec(report)?.[0];
  if (body === undefined) return [];
  const members = [...body.matchAll(/^ {2}(?:static )?(\w+)(?:<[^(]*>)?\((?!\))/gm)].map(([, member]) => member!);
  const own = members.filter((member) => !["get", "constructor", "then", "catch", "finally"].includes(member) || member === "get");
  return [`new ${name}`, ...new Set(own.map((member) => `${name}.${member}`))];
}
