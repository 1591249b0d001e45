/* A call's result on our outputs: for people, and as JSON. */
import type { CallResult, RemoteIterable } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import type { Context } from "./context.ts";
import { errorJson } from "./error-json.ts";
import { LiveOutput } from "./live-output.ts";
import type { Output } from "./output.ts";
import { outputJson, toJson } from "./value-json.ts";
import { itemText, valueText } from "./value-text.ts";

/** What the function prints comes live, on the output that it was printed on; the value follows. */
export class TextPrinter {
  readonly #context: Context;
  /** The options of the call that have its output printed. */
  readonly sinks: { readonly stdout: LiveOutput; readonly stderr: LiveOutput };

  constructor(context: Context) {
    this.#context = context;
    this.sinks = { stdout: new LiveOutput(context.stdout), stderr: new LiveOutput(context.stderr) };
  }

  async result({ output, value }: CallResult): Promise<void> {
    const { stdout, stderr } = this.#context;
    for (const name of ["stdout", "stderr"] as const) {
      const missing = await this.sinks[name].writeRest(output[name]);
      if (missing > 0) await stderr.write(`sremote: ${name} was cut: ${missing} of ${output[name].total} bytes are missing\n`);
    }
    const text = valueText(value, terminalOf(stdout));
    if (text !== undefined) await stdout.write(text);
  }

  /** One line for each item, as it comes. */
  async items(items: RemoteIterable): Promise<void> {
    const { stdout } = this.#context;
    const terminal = terminalOf(stdout);
    for await (const item of items) await stdout.write(itemText(item, terminal));
  }

  /** Of a failed call, what it had printed and has not come live. */
  async error(error: unknown): Promise<void> {
    if (!(error instanceof RemoteExecError) || error.output === undefined) return;
    const { stdout, stderr } = error.output;
    await this.sinks.stdout.writeRest({ bytes: stdout, total: stdout.length });
    await this.sinks.stderr.writeRest({ bytes: stderr, total: stderr.length });
  }
}

/** Standard output has JSON and nothing else: one document, or one line for each item of a generator. */
export class JsonPrinter {
  readonly #context: Context;
  readonly sinks = {};

  constructor(context: Context) {
    this.#context = context;
  }

  async result(result: CallResult): Promise<void> {
    await this.#write(resultJson(result));
  }

  /** What the function printed follows on standard error. */
  async items(items: RemoteIterable, result: CallResult): Promise<void> {
    try {
      for await (const item of items) await this.#write(toJson(item));
    } finally {
      const { stdout, stderr } = result.output;
      await this.#context.stderr.write(stdout.bytes);
      await this.#context.stderr.write(stderr.bytes);
    }
  }

  async error(error: unknown): Promise<void> {
    await this.#write({ error: errorJson(error) });
  }

  async #write(document: unknown): Promise<void> {
    await this.#context.stdout.write(`${JSON.stringify(document)}\n`);
  }
}

function terminalOf({ stream }: Output): { terminal: boolean; colors: boolean; columns: number } {
  const terminal = stream.isTTY;
  return { terminal, colors: terminal && stream.hasColors(), columns: terminal ? stream.columns : 100 };
}

function resultJson(result: CallResult): Record<string, unknown> {
  const { value, output, usage, host, modules, callId } = result;
  const truncated = Object.entries(output).flatMap(([name, part]) => (part.truncated ? [name] : []));
  return {
    value: toJson(value),
    stdout: outputJson(output.stdout.bytes),
    stderr: outputJson(output.stderr.bytes),
    ...(truncated.length > 0 ? { truncated } : {}),
    ...(usage === undefined ? {} : { usage }),
    host,
    ...(Object.keys(modules).length > 0 ? { modules } : {}),
    callId,
  };
}
