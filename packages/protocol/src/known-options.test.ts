import { expect, test } from "vitest";
import { checkOptionNames } from "./known-options.ts";

interface Options {
  username?: string;
  connectTimeout?: number;
  startTimeout?: number;
  sshConfig?: string;
}

const known = { username: true, connectTimeout: true, startTimeout: true, sshConfig: true } as const;
const refusal = (options: object): string => {
  try {
    checkOptionNames<Options>(options, known);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

test("a word of ssh2 or execo leads to the option that means the same, not to one that is spelt alike", () => {
  expect(refusal({ readyTimeout: 1 })).toBe("unknown option `readyTimeout`; did you mean `connectTimeout`?");
  expect(refusal({ user: "me" })).toBe("unknown option `user`; did you mean `username`?");
  expect(refusal({ config: "x" })).toBe("unknown option `config`; did you mean `sshConfig`?");
});

test("where no option means it, spelling decides, or all are named", () => {
  expect(refusal({ startTimeuot: 1 })).toBe("unknown option `startTimeuot`; did you mean `startTimeout`?");
  expect(refusal({ keyfile: "x" })).toBe("unknown option `keyfile`; the options are username, connectTimeout, startTimeout, sshConfig");
  expect(refusal({ constructor: 1 })).toContain("the options are");
});
