/* Tokens: how they are got with a key or a secret, kept, renewed in time, and never shown or sent elsewhere. */
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { inspect } from "node:util";
import { firecrest, sfapi } from "@sremote/connectors";
import type { SfapiOptions } from "@sremote/connectors";
import { ConnectError, InvalidArgumentError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { rejection } from "../support/rejection.ts";
import { FirecrestStub } from "../stubs/firecrest-stub.ts";
import { peaceful } from "../stubs/hostile-server.ts";
import { SfapiStub } from "../stubs/sfapi-stub.ts";
import { TokenStub } from "../stubs/token-stub.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const pem = (key: KeyObject, type: "pkcs1" | "pkcs8" | "sec1"): string => key.export({ type, format: "pem" }) as string;
const jwk = (key: KeyObject): Record<string, unknown> => ({ ...key.export({ format: "jwk" }) });
const curve = (namedCurve: string): KeyObject => generateKeyPairSync("ec", { namedCurve }).privateKey;
const [p256, p384, p521] = [curve("P-256"), curve("P-384"), curve("P-521")];
const ed25519 = generateKeyPairSync("ed25519").privateKey;

/** One refused or granted token, by the status of a connector whose service is only the token's. */
async function asked(key: KeyObject, privateKey: SfapiOptions["privateKey"]): Promise<TokenStub> {
  const tokens = new TokenStub({ privateKey: key });
  await tokens.server.listen();
  // Nothing but the token is looked for: the service is not there.
  await using connector = sfapi({
    machine: "m",
    clientId: tokens.clientId,
    privateKey,
    baseUrl: "http://127.0.0.1:9/none",
    tokenUrl: tokens.url,
  });
  await connector.status();
  return tokens;
}

describe("a client's key", () => {
  test.each<readonly [string, KeyObject, SfapiOptions["privateKey"]]>([
    ["RSA in PKCS #1", rsa, pem(rsa, "pkcs1")],
    ["RSA in PKCS #8", rsa, pem(rsa, "pkcs8")],
    ["RSA as a JSON Web Key in text", rsa, JSON.stringify(jwk(rsa))],
    ["RSA as a JSON Web Key with algorithm and id", rsa, { ...jwk(rsa), alg: "PS384", kid: "k1" }],
    ["P-256 in SEC 1", p256, pem(p256, "sec1")],
    ["P-384 as a JSON Web Key", p384, jwk(p384)],
    ["P-521 as a JSON Web Key", p521, jwk(p521)],
    ["Ed25519", ed25519, pem(ed25519, "pkcs8")],
  ])("of kind %s makes assertions that another library verifies", async (_name, key, given) => {
    await using tokens = await asked(key, given);
    expect(tokens.refusals).toEqual([]);
    expect(tokens.headers).toHaveLength(1);
  });

  test("that is another one is refused, and nothing of it shows", async () => {
    const wrong = pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, "pkcs8");
    await using stub = await SfapiStub.start(peaceful);
    await using connector = sfapi({ ...stub.options, privateKey: wrong });
    const error = await rejection(connector.exec(["true"]), ConnectError);
    expect(error).toMatchObject({ code: "auth-failed", message: expect.stringContaining("invalid_client") });
    const shown = inspect([error, connector], { depth: 20, showHidden: true });
    for (const secret of [wrong.split("\n")[3]!, ...stub.secrets]) expect(shown).not.toContain(secret);
  });
});

describe("bad options are refused before anything is sent, without being repeated", () => {
  const key = pem(rsa, "pkcs8");
  const small = pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey, "pkcs8");
  const base = { machine: "perlmutter", clientId: "c" };
  test.each([
    ["no machine", { ...base, machine: "a/b", privateKey: key }],
    ["neither key nor token", base],
    ["both key and token", { ...base, privateKey: key, token: "abc" }],
    ["a key without a client", { machine: "m", privateKey: key }],
    ["a public key", { ...base, privateKey: jwk(generateKeyPairSync("ed25519").publicKey) }],
    ["text that is no key", { ...base, privateKey: "canary-no-key" }],
    ["a short RSA key", { ...base, privateKey: small }],
    ["a token with a line end", { machine: "m", token: "canary\r\nx: y" }],
    ["a token service without TLS", { ...base, privateKey: key, tokenUrl: "http://tokens.example.org/token" }],
  ])("sfapi: %s", (_name, options) => {
    const make = (): unknown => sfapi(options);
    expect(make).toThrow(InvalidArgumentError);
    expect(make).not.toThrow(/canary/);
  });

  test.each([
    ["no system", { system: "a b", token: "t" }],
    ["a secret without its client", { system: "s", clientSecret: "x", tokenUrl: "https://t.example.org" }],
    ["a secret without a token service", { system: "s", clientSecret: "x", clientId: "c" }],
    ["an account of two words", { system: "s", token: "t", account: "a b" }],
  ])("firecrest: %s", (_name, options) => {
    expect(() => firecrest({ baseUrl: "https://f.example.org", ...options })).toThrow(InvalidArgumentError);
  });
});

test("many commands share one token", async () => {
  await using stub = await SfapiStub.start(peaceful);
  await using connector = sfapi(stub.options);
  await Promise.all([1, 2, 3].map(() => connector.exec(["true"])));
  expect(stub.tokens.headers).toHaveLength(1);
});

test("a token is renewed before its end and never refused for its age", async () => {
  await using stub = await SfapiStub.start(peaceful);
  stub.tokens.life = 2;
  await using connector = sfapi(stub.options);
  const renewed = async (): Promise<boolean> => (await connector.status()).ok && stub.tokens.headers.length > 1;
  await expect.poll(renewed, { interval: 200, timeout: 20_000 }).toBe(true);
});

test("FirecREST wants tokens with 30 s left: a shorter one is renewed, and asked for again without end it is an error", async () => {
  await using stub = await FirecrestStub.start(peaceful);
  stub.tokens.life = 20;
  await using connector = firecrest(stub.options);
  expect(await rejection(connector.exec(["true"]), ConnectError)).toMatchObject({ code: "auth-failed" });
  stub.tokens.life = 600;
  expect((await connector.exec(["true"])).exitCode).toBe(0);
});

test("a token service that fails for a while is asked again, each time with an assertion of its own", async () => {
  await using stub = await SfapiStub.start(peaceful);
  stub.tokens.server.inject("login", { kind: "status-after", status: 504 }, { times: 2 });
  await using connector = sfapi(stub.options);
  expect(await connector.status()).toMatchObject({ ok: true });
  expect(stub.tokens.refusals).toEqual([]);
});

test("G28 the token service never sees a token, and the service never sees key, secret or assertion", async () => {
  await using stub = await FirecrestStub.start();
  const seen: string[] = [];
  const classify = stub.classify.bind(stub);
  stub.classify = async (request) => {
    seen.push(JSON.stringify(request.incoming.headers), (await request.body()).toString("latin1"));
    return classify(request);
  };
  await using connector = firecrest(stub.options);
  for (let n = 0; n < 4; n += 1) await connector.exec(["true"]);
  expect(stub.tokens.headers.length).toBeGreaterThan(0);
  expect(stub.tokens.headers.join("\n")).not.toMatch(/bearer|token-/i);
  expect(seen.join("\n")).not.toContain(stub.clientSecret);
});

test("a given token is used as it is; a function is asked again when its token is refused", async () => {
  await using stub = await SfapiStub.start(peaceful);
  const { baseUrl, machine } = stub.options;
  await using fixed = sfapi({ baseUrl, machine, token: stub.tokens.issue() });
  expect(await fixed.status()).toMatchObject({ ok: true });
  let calls = 0;
  const token = async (): Promise<string> => ((calls += 1), calls === 1 ? "was-good-yesterday" : stub.tokens.issue());
  await using made = sfapi({ baseUrl, machine, token });
  expect((await made.exec(["true"])).exitCode).toBe(0);
  expect(calls).toBe(2);
  await using failing = sfapi({ baseUrl, machine, token: () => Promise.reject(new Error("canary-in-it")) });
  const error = await rejection(failing.exec(["true"]), ConnectError);
  expect(error.code).toBe("auth-failed");
  expect(inspect(error, { depth: 20 })).not.toContain("canary");
  expect(stub.tokens.headers).toEqual([]);
});
