/* Holding a stub to what the service has published: requests and replies that do not fit are remembered, and tests look for them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

/** A file of test/rest. */
function specification(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(fileURLToPath(new URL(`../rest/${name}`, import.meta.url)), "utf8")) as Record<string, unknown>;
}

/** A document and what was compiled of it, which takes a hundred times as long as a check: once for all stubs of a process. */
class Models {
  readonly document: Record<string, unknown>;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #compiled = new Map<string, ValidateFunction>();

  private constructor(file: string) {
    formats.default(this.#ajv);
    this.document = specification(file);
    this.#ajv.addSchema({ ...this.document, $id: "published" });
  }

  static of(file: string): Models {
    const models = Models.#all.get(file) ?? new Models(file);
    Models.#all.set(file, models);
    return models;
  }

  static readonly #all = new Map<string, Models>();

  /** @param keys where in the document the schema is @returns what does not fit, or undefined */
  problem(value: unknown, keys: readonly string[]): string | undefined {
    const pointer = keys.map((key) => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
    let validate = this.#compiled.get(pointer);
    if (validate === undefined) {
      const schema = keys.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], this.document);
      // A model that brings its own definitions along is a document of its own.
      const isWhole = typeof schema === "object" && schema !== null && !JSON.stringify(schema).includes("#/components/");
      validate = this.#ajv.compile(isWhole ? schema : { $ref: `published#/${pointer}` });
      this.#compiled.set(pointer, validate);
    }
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors);
  }
}

export class Published {
  /** What did not fit. */
  readonly violations: string[] = [];
  readonly #models: Models;

  constructor(file: string) {
    this.#models = Models.of(file);
  }

  get document(): Record<string, unknown> {
    return this.#models.document;
  }

  /** @param keys where in the document the schema is */
  check(value: unknown, keys: readonly string[], what: string): void {
    const problem = this.#models.problem(value, keys);
    if (problem !== undefined) this.violations.push(`${what}: ${problem}`);
  }
}
