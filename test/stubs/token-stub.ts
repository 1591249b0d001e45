/*
 * A stub of an OAuth token service for clients with credentials of their own, on an origin of its own. Assertions are verified by another
 * library than the one that made them.
 */
import { createPublicKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { jwtVerify } from "jose";
import { HostileServer, peaceful } from "./hostile-server.ts";
import type { Dialect, StubReply, StubRequest } from "./hostile-server.ts";

export type ClientProof = { readonly privateKey: KeyObject } | { readonly secret: string };

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

export class TokenStub implements AsyncDisposable, Dialect {
  readonly base = "/c2id";
  readonly clientId: string = `client-${randomBytes(4).toString("hex")}`;
  readonly server: HostileServer = new HostileServer(this, peaceful);
  /** Secrets so far: tokens and assertions. */
  readonly secrets: string[] = [];
  /** What was wrong with requests. */
  readonly refusals: string[] = [];
  /** Headers of all requests. */
  readonly headers: string[] = [];
  /** Seconds that a token lives. */
  life = 600;
  readonly #proof: ClientProof;
  readonly #valid = new Map<string, number>();
  readonly #used = new Set<string>();

  constructor(proof: ClientProof) {
    this.#proof = proof;
    if ("secret" in proof) this.secrets.push(proof.secret);
  }

  get url(): string {
    return `${this.server.url}/token`;
  }

  /** A token as a user would be given one. */
  issue(): string {
    const token = `token-${randomBytes(16).toString("hex")}`;
    this.secrets.push(token);
    this.#valid.set(token, performance.now() + 1000 * this.life);
    return token;
  }

  /** Whether a request to the service has a token with so many seconds left. */
  accepts(request: StubRequest, seconds = 0): boolean {
    return (this.#valid.get(bearerOf(request)) ?? 0) > performance.now() + 1000 * seconds;
  }

  revoke(request: StubRequest): void {
    this.#valid.delete(bearerOf(request));
  }

  async classify({ path }: StubRequest): Promise<{ purpose: "login"; subject: string }> {
    return { purpose: "login", subject: path };
  }

  expire(): void {}

  errorBody(): StubReply {
    return { status: 400, json: { error: "temporarily_unavailable" } };
  }

  missing(): StubReply {
    return { status: 404, body: "not found" };
  }

  async handle(request: StubRequest): Promise<StubReply> {
    this.headers.push(JSON.stringify(request.incoming.headers));
    const fields = new URLSearchParams((await request.body()).toString("utf8"));
    const problem =
      request.method !== "POST" || request.path !== "/token"
        ? "invalid_request: no such resource"
        : fields.get("grant_type") !== "client_credentials"
          ? "unsupported_grant_type: client_credentials only"
          : await this.#problem(fields);
    if (problem !== undefined) {
      this.refusals.push(problem);
      const [error, description] = problem.split(": ");
      // As a talkative service does.
      return { status: 401, json: { error, error_description: `${description}; the request was ${fields.toString()}` } };
    }
    return { json: { access_token: this.issue(), token_type: "Bearer", expires_in: this.life } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  async #problem(fields: URLSearchParams): Promise<string | undefined> {
    // An assertion names its client itself; NERSC's own client sends no other name (RFC 7523, 3).
    const named = fields.get("client_id");
    if (named === null ? "secret" in this.#proof : named !== this.clientId) return "invalid_client: unknown client";
    if ("secret" in this.#proof) {
      return fields.get("client_secret") === this.#proof.secret ? undefined : "invalid_client: wrong secret";
    }
    if (fields.get("client_assertion_type") !== assertionType) return "invalid_client: no assertion";
    const assertion = fields.get("client_assertion") ?? "";
    this.secrets.push(assertion);
    try {
      const { payload } = await jwtVerify(assertion, createPublicKey(this.#proof.privateKey), {
        audience: this.url,
        issuer: this.clientId,
        subject: this.clientId,
        requiredClaims: ["exp", "iat", "jti"],
        maxTokenAge: 300,
      });
      if (payload.exp! - payload.iat! > 3600) return "invalid_client: the assertion lives too long";
      if (this.#used.has(payload.jti!)) return "invalid_client: the assertion was used before";
      this.#used.add(payload.jti!);
      return undefined;
    } catch (error) {
      return `invalid_client: ${error instanceof Error ? error.message : "bad assertion"}`;
    }
  }
}

function bearerOf({ incoming }: StubRequest): string {
  return /^Bearer (\S+)$/.exec(incoming.headers.authorization ?? "")?.[1] ?? "";
}
