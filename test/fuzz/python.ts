/* The Python endpoint's verdicts, from one process for all inputs. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Input } from "./input.ts";
import type { Said } from "./readers.ts";
import type { Shown } from "./shown.ts";

interface Line {
  readonly said: string;
  readonly why?: string;
  readonly value?: Shown;
  readonly again?: string | readonly [text: string, attachments: readonly string[]] | null;
}

export class PythonReader {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** Whether this interpreter has numpy. */
  hasNumpy = false;

  constructor(interpreter: string) {
    this.#process = spawn(interpreter, [fileURLToPath(new URL("verdicts.py", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async begin(): Promise<void> {
    ({ numpy: this.hasNumpy } = (await this.#next()) as { numpy: boolean });
  }

  end(): void {
    this.#process.stdin!.end();
  }

  async read(inputs: readonly Input[]): Promise<Said[]> {
    const lines = inputs.map(({ kind, bytes, attachments, cuts }) =>
      JSON.stringify([kind, bytes.toString("base64"), attachments.map((each) => each.toString("base64")), cuts]),
    );
    this.#process.stdin!.write(lines.map((line) => `${line}\n`).join(""));
    const said: Said[] = [];
    for (let count = inputs.length; count > 0; count--) {
      const { again, ...rest } = (await this.#next()) as Line;
      said.push(
        Array.isArray(again)
          ? { ...rest, again: wireOf(again as [string, string[]]) }
          : { ...rest, ...(typeof again === "string" && { again }) },
      );
    }
    return said;
  }

  async #next(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the process of Python ended");
    return JSON.parse(value) as unknown;
  }
}

function wireOf([text, attachments]: [string, string[]]): { text: string; attachments: Buffer[] } {
  return { text, attachments: attachments.map((each) => Buffer.from(each, "base64")) };
}
