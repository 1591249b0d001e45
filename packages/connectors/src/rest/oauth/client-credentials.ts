/* Tokens for a client with credentials of its own: a private key or a secret (RFC 6749, 4.4; RFC 7523). */
import { checkUrl } from "../request-arguments.ts";
import type { ClientAuth } from "oauth4webapi";
import { ConnectError, hostLimits, SremoteError, checkObject } from "@sremote/protocol";
import { HttpClient } from "../http.ts";
import type { HttpReply } from "../http.ts";
import { backOff, pause } from "../../back-off.ts";
import type { ClientKey } from "./client-key.ts";
import type { TokenSource } from "./token-source.ts";

export interface ClientCredentialsOptions {
  /** See `checkBaseUrl`. Often of another origin than the service: it is asked by a client of its own, which never sees a token. */
  readonly tokenUrl: URL;
  readonly clientId: string;
  readonly proof: { readonly key: ClientKey } | { readonly secret: string };
  /** What the token is to allow, as the service names it. @default what the service gives */
  readonly scope?: string | undefined;
  readonly label: string;
  /** Certificates (PEM) of authorities to trust instead of the usual ones. @default the usual ones */
  readonly ca?: string | readonly string[] | undefined;
  /** Milliseconds until a reply must have begun. @default 60 000 */
  readonly requestTimeout?: number | undefined;
}

/** Seconds before its end at which a token is replaced: FirecREST wants 30 of them left. At most half of a token's life. */
const margin = 60;
const attempts = 4;
const replyLimit = hostLimits.token;

/**
 * Tokens by OAuth's client credentials: asked for when they are first needed, and again before they run out.
 *
 * @example
 * ```ts
 * import { checkPrivateKey, clientCredentials } from "sremote/rest";
 *
 * const key = checkPrivateKey(process.env["KEY"] ?? "");
 * const tokenUrl = new URL("https://oauth.example.org/token");
 * const tokens = clientCredentials({ tokenUrl, clientId: "abc", proof: { key }, label: "mine://" });
 * ```
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  checkObject(options, "options");
  const { tokenUrl, label, proof } = options;
  checkUrl(tokenUrl, "options.tokenUrl");
  checkObject(proof, "options.proof", "an object with a key or a secret");
  if (!("secret" in proof)) checkObject(proof.key, "options.proof.key", "a key as checkPrivateKey() returns it");
  const secrets = "secret" in proof ? [proof.secret] : proof.key.secrets;
  const http = new HttpClient({
    baseUrl: new URL(tokenUrl.origin),
    label,
    secrets,
    check: (reply, _request, redact) => refusal(reply, label, redact),
    ca: options.ca,
    requestTimeout: options.requestTimeout,
  });
  let staleAt = Number.POSITIVE_INFINITY;
  return {
    async get(signal) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const { token, life } = await askFor(options, http, signal);
          staleAt = performance.now() + 1000 * (life - Math.min(margin, life / 2));
          return token;
        } catch (error) {
          // Not repeated by the HTTP client: an assertion is good for one request.
          if (!(error instanceof SremoteError && error.code === "connection-lost") || attempt >= attempts) throw error;
          await pause(backOff(attempt, 200, 2000), signal);
        }
      }
    },
    isStale: () => performance.now() >= staleAt,
    secrets,
    close: () => http.close(),
  };
}

/** `life`: seconds. */
async function askFor(options: ClientCredentialsOptions, http: HttpClient, signal: AbortSignal): Promise<{ token: string; life: number }> {
  const { tokenUrl, clientId, scope, label } = options;
  // Only who needs a token loads it.
  const oauth = await import("oauth4webapi");
  const server = { issuer: tokenUrl.href, token_endpoint: tokenUrl.href };
  const client = { client_id: clientId };
  const response = await oauth.clientCredentialsGrantRequest(server, client, await authOf(options), scope === undefined ? {} : { scope }, {
    [oauth.allowInsecureRequests]: true, // The base URL was checked for that, as the user allows.
    [oauth.customFetch]: async (_url, { headers, body }) => {
      const path = tokenUrl.pathname;
      const text = String(body);
      const reply = await http.send(
        { method: "POST", path, headers, body: text, credentials: false, idempotent: false, replyLimit },
        signal,
      );
      return new Response(reply.text, { status: reply.status, headers: { "content-type": reply.header("content-type") ?? "" } });
    },
  });
  try {
    const { access_token: token, expires_in: life } = await oauth.processClientCredentialsResponse(server, client, response);
    return { token, life: life ?? Number.POSITIVE_INFINITY };
  } catch {
    // The library's error quotes the answer, and a token may be in it.
    throw new ConnectError("auth-failed", "the token service's answer holds no bearer token", { stage: "connect", host: label });
  }
}

async function authOf({ proof, tokenUrl }: ClientCredentialsOptions): Promise<ClientAuth> {
  const oauth = await import("oauth4webapi");
  if ("secret" in proof) return oauth.ClientSecretPost(proof.secret);
  const { importJWK } = await import("jose");
  const { key, algorithm, kid } = proof.key;
  const imported = await importJWK(key.export({ format: "jwk" }), algorithm);
  if (imported instanceof Uint8Array) throw new TypeError("a private key is no bytes");
  return oauth.PrivateKeyJwt(
    { key: imported, ...(kid !== undefined && { kid }) },
    {
      // Services differ in whether they take their issuer's name; the address that is asked is good everywhere (RFC 7523, 3).
      [oauth.modifyAssertion]: (_header, payload) => {
        payload["aud"] = tokenUrl.href;
      },
    },
  );
}

/** A refusal, as RFC 6749 (5.2) words it. */
function refusal(reply: HttpReply, label: string, redact: (text: string) => string): ConnectError | undefined {
  if (reply.status < 400 || reply.status >= 500 || reply.status === 408 || reply.status === 429) return undefined;
  const { error, error_description: description } = reply.object ?? {};
  const said = [error, description].filter((text) => typeof text === "string").join(": ");
  const summary = `the token service refuses the client (status ${reply.status})${said === "" ? "" : `: ${redact(said)}`}`;
  return new ConnectError("auth-failed", summary, {
    stage: "connect",
    host: label,
    hint: "check that the client exists, that its key is right and has not expired, and that it may be used from this machine's address",
  });
}
