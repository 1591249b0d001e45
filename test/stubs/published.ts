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

export class Published {
  /** What did not fit. */
  readonly violations: string[] = [];
  readonly document: Record<string, unknown>;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(file: string) {
    formats.default(this.#ajv);
    this.document = specification(file);
    this.#ajv.addSchema({ ...this.document, $id: "published" });
  }

  /** @param keys where in the document the schema is */
  check(value: unknown, keys: readonly string[], what: string): void {
    const pointer = keys.map((key) => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
    let validate = this.#compiled.get(pointer);
    if (validate === undefined) {
      const schema = keys.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], this.document);
      // A model that brings its own definitions along is a document of its own.
      const isWhole = typeof schema === "object" && schema !== null && !JSON.stringify(schema).includes("#/components/");
      validate = this.#ajv.compile(isWhole ? schema : { $ref: `published#/${pointer}` });
      this.#compiled.set(pointer, validate);
    }
    if (!validate(value)) this.violations.push(`${what}: ${this.#ajv.errorsText(validate.errors)}`);
  }
}
