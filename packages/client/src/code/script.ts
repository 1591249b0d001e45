/* Scripts of this machine that run on the host. */
import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { program } from "@sremote/endpoint";
import { given, InvalidArgumentError, SremoteError, unknownOption } from "@sremote/protocol";
import { checkOptions } from "../call/check-options.ts";
import { checkText, isPlainObject } from "../call/check-values.ts";
import type { Call } from "../call/call.ts";
import { extensionModules } from "../call/environment.ts";
import type { CallOptions } from "../call/options.ts";
import type { CallPurpose } from "../calls.ts";
import type { ClientCode } from "./client-code.ts";
import { LocalTree } from "./local-tree.ts";
import { readShipOptions, type ShipOptions } from "./options.ts";
import type { TreeVersion } from "./tree-version.ts";

const ofCall = ["env", "cwd", "loginEnv", "timeout", "queueTimeout", "idleTimeout", "signal", "outputLimit", "stdout", "stderr"] as const;
const ofTree = ["include", "exclude", "gitignore"] as const;

export interface ScriptOptions extends Pick<CallOptions, (typeof ofCall)[number]>, Pick<ShipOptions, "exclude" | "gitignore"> {
  /** Patterns of the files beside the script that go along, from its directory. @default `*.py`, at any depth */
  include?: readonly string[] | undefined;
}

/** Trees that are remembered, so that their files are not read again. */
const mostTrees = 64;

type MakeCall = (module: string, fn: string, args: readonly unknown[], options: CallOptions, purpose: CallPurpose) => Call;

export class Scripts {
  readonly #code: () => ClientCode;
  readonly #call: MakeCall;
  readonly #trees = new Map<string, LocalTree>();

  constructor(code: () => ClientCode, call: MakeCall) {
    this.#code = code;
    this.#call = call;
  }

  run(path: string, args: readonly string[], options: ScriptOptions): Call<number> {
    let version: TreeVersion;
    try {
      check(path, args, options);
      version = this.#look(path, options);
    } catch (error) {
      return this.#refused(error);
    }
    const { include: _, exclude: __, gitignore: ___, ...own } = options;
    const what = basename(path);
    const sent = [program("script.py"), "run", version.digest, what, [...args]];
    const all: CallOptions = { ...own, runtime: "python", isolation: "call" };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the program returns a number
    return this.#code().with(version, () => this.#call(extensionModules.python, "run", sent, all, { what })) as Call<number>;
  }

  /** A call whose arguments are wrong is a call that rejects. */
  #refused(error: unknown): Call<number> {
    const refuse = (): never => {
      throw error;
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has no value
    return this.#call(extensionModules.python, "run", [], {}, { what: "the script", check: refuse }) as Call<number>;
  }

  #look(path: string, { include = ["*.py"], exclude, gitignore }: ScriptOptions): TreeVersion {
    const file = resolve(path);
    // Before its directory is walked, in which something else may be wrong.
    const about = { stage: "request", hint: `the path is ${file}` };
    if (!existsSync(file)) throw new SremoteError("no-such-file", `the script does not exist: ${path}`, about);
    const key = JSON.stringify([file, include, exclude, gitignore]);
    let tree = this.#trees.get(key);
    if (tree === undefined) {
      const name = basename(file);
      const all = { as: ".", runtime: "python", include: [...include, `/${name}`], exclude, gitignore } as const;
      tree = new LocalTree(readShipOptions(dirname(file), all, "python"));
      if (this.#trees.size >= mostTrees) this.#trees.clear();
      this.#trees.set(key, tree);
    }
    const version = tree.look();
    if (!version.files.some((each) => each.path === basename(file)))
      throw new SremoteError("no-such-file", `the options leave the script out: ${path}`, about);
    return version;
  }
}

function check(path: unknown, args: unknown, options: unknown): void {
  checkText("path", path, "a script of this machine");
  if (!Array.isArray(args)) throw new InvalidArgumentError("args", `an array of strings${given(args)}`);
  for (const [index, each] of args.entries()) {
    if (typeof each !== "string" || each.includes("\0") || !each.isWellFormed())
      throw new InvalidArgumentError(`args[${index}]`, `a string without NUL${given(each)}`);
  }
  if (!isPlainObject(options)) throw new InvalidArgumentError("options", `an object${given(options)}`);
  const known: readonly string[] = [...ofCall, ...ofTree];
  for (const key of Object.keys(options)) if (!known.includes(key)) throw unknownOption("options", key, known);
  checkOptions(Object.fromEntries(Object.entries(options).filter(([key]) => ofTree.every((name) => name !== key))), ofCall);
}
