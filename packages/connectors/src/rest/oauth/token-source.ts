/* Where a bearer token comes from: given, or asked for with a client's own credentials (RFC 6749, 4.4). */
import { ConnectError, InvalidArgumentError, checkString } from "@sremote/protocol";
import { checkSecret } from "../settings.ts";

/** A token, or what makes one: asked when the first one is needed, and again when a token was refused. */
export type GivenToken = string | (() => string | Promise<string>);

export interface TokenSource {
  /** A token that was not refused yet. */
  get(signal: AbortSignal): Promise<string>;
  /** Whether the life of the last one is nearly over. */
  isStale(): boolean;
  /** What must show nowhere, beside the tokens. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

export function checkGivenToken(token: unknown): asserts token is GivenToken {
  if (typeof token !== "function") checkSecret(token, "options.token");
  if (typeof token === "string") checkTokenText(token);
}

/**
 * A token that the user has, or a function that returns one.
 *
 * @example
 * ```ts
 * import { givenToken } from "sremote/rest";
 *
 * const tokens = givenToken(async () => process.env["TOKEN"] ?? "", "mine://");
 * ```
 */
export function givenToken(token: GivenToken, label: string): TokenSource {
  checkGivenToken(token);
  checkString(label, "label");
  return {
    async get() {
      const found: unknown = typeof token === "function" ? await made(token, label) : token;
      checkSecret(found, "what options.token returns");
      checkTokenText(found);
      return found;
    },
    isStale: () => false,
    secrets: typeof token === "string" ? [token] : [],
    close: async () => {},
  };
}

/** The characters that RFC 6750 (2.1) allows; others could end the header. */
function checkTokenText(token: string): void {
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) throw new InvalidArgumentError("options.token", "a bearer token, without `Bearer ` before it");
}

async function made(token: () => string | Promise<string>, label: string): Promise<string> {
  try {
    return await token();
  } catch {
    // What it says may hold what it knows; the user has written it and can look there.
    throw new ConnectError("auth-failed", "the function passed as `token` threw", { stage: "connect", host: label });
  }
}
