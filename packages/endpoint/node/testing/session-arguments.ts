/* What stands in arguments and results of test calls for things that stay on either side. */
import type { CustomValue } from "@sremote/protocol";

/** What a callback returns to have these members in its answer, whatever the specification says. */
export class MalformedAnswer {
  readonly members: Readonly<Record<string, unknown>>;
  constructor(members: Readonly<Record<string, unknown>>) {
    this.members = members;
  }
}

/** Stands for a function of the client among arguments. */
export class CallbackArgument {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
}
/** What a host keeps, as the client knows it. */
export class Kept {
  readonly name: string;
  readonly json: Readonly<Record<string, string | number>>;
  constructor(name: string, json: Readonly<Record<string, string | number>>) {
    this.name = name;
    this.json = json;
  }
}
export const customEncode = (value: object): CustomValue | undefined => {
  if (value instanceof CallbackArgument) return { name: "callback", json: { id: value.id } };
  return value instanceof Kept ? { name: value.name, json: value.json } : undefined;
};
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- numbers and strings in the tests' own messages
export const customDecode = (name: string, json: Record<string, unknown>): unknown => new Kept(name, json as Kept["json"]);
