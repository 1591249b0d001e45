/* What each option must be. */
import { InvalidArgumentError, checkOptionNames, unknownOption, type OptionNames, given } from "@sremote/protocol";
import { checkConnect, type ConfiguredHost, Host } from "../host/index.ts";
import { checkParameters } from "@sremote/process";
import { logLevels } from "../log/index.ts";
import { groupsOf } from "../node-set/index.ts";
import { type Duration, parseDuration } from "../time/index.ts";
import type { FleetConfiguration } from "./options.ts";

/** @throws InvalidArgumentError naming the option */
type Check = (value: unknown, argument: string) => void;

function check(expected: string, isRight: (value: unknown) => boolean): Check {
  return (value, argument) => {
    if (!isRight(value)) throw new InvalidArgumentError(argument, `${expected}${given(value)}`);
  };
}

const oneOf = (...values: readonly unknown[]): Check => check(`one of ${values.map(String).join(", ")}`, (value) => values.includes(value));
const count: Check = check("a whole number, 1 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 1);
const duration: Check = (value, argument) => {
  if (value === null) throw new InvalidArgumentError(argument, "a duration, not null");
  parseDuration(value as Duration, { argument });
};
const parameter =
  (name: "username" | "port" | "privateKeyPath"): Check =>
  (value, argument) =>
    checkParameters({ [name]: value }, argument.slice(0, -name.length - 1));

const checks: { readonly [Name in keyof Required<FleetConfiguration>]: Check } = {
  username: parameter("username"),
  port: parameter("port"),
  privateKeyPath: parameter("privateKeyPath"),
  hosts: checkHosts,
  groups(value, argument) {
    if (typeof value !== "string") groupsOf(value, argument);
    else if (value === "") throw new InvalidArgumentError(argument, "the path of a file of groups");
  },
  connector: oneOf("ssh", "openssh"),
  hostKey: oneOf("strict", "accept-new", "insecure"),
  sshConfig: check("true, false or a path", (value) => typeof value === "boolean" || (typeof value === "string" && value !== "")),
  connectTimeout: duration,
  concurrency: count,
  timeout: (value, argument) => parseDuration(value as Duration | null, { argument }),
  forceKillAfterDelay: duration,
  pty: oneOf(true, false),
  outputInLog: count,
  logLevel: oneOf(...logLevels),
  color: oneOf(true, false, "auto"),
};

const ofHosts: OptionNames<ConfiguredHost> = { address: true, username: true, port: true, privateKeyPath: true, connect: true };

function checkHosts(value: unknown, argument: string): void {
  if (!isRecord(value))
    throw new InvalidArgumentError(argument, "an object from names to objects of address, username, port, privateKeyPath, or of connect");
  for (const [name, facts] of Object.entries(value)) {
    const path = `${argument}.${name}`;
    if (!isRecord(facts)) throw new InvalidArgumentError(path, "an object of address, username, port, privateKeyPath, or of connect");
    checkOptionNames(facts, ofHosts, path);
    const { address = name, connect, ...parameters }: ConfiguredHost = facts;
    void new Host({ ...parameters, address, name }, path);
    if (connect === undefined) continue;
    checkConnect(connect, `${path}.connect`);
    const other = Object.keys(facts).find((each) => each !== "connect" && facts[each] !== undefined);
    if (other !== undefined) throw new InvalidArgumentError(`${path}.${other} is of hosts over SSH, and this one has \`connect\``);
  }
}

/** Checks that all options are known, and what they must be. @throws InvalidArgumentError naming the first that is not */
export function checkConfiguration(value: unknown, argument = "configuration"): asserts value is FleetConfiguration {
  if (!isRecord(value)) throw new InvalidArgumentError(argument, "an object of options");
  for (const [name, option] of Object.entries(value)) {
    const path = `${argument}.${name}`;
    if (!Object.hasOwn(checks, name)) throw unknownOption(argument, name, Object.keys(checks));
    if (option !== undefined) checks[name as keyof FleetConfiguration](option, path);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
