/*
 * The stub of NEWT against another client than ours: requests in the shapes of the client of 2015, as data. There is no specification of the
 * service; these shapes, cumulus and what was written about NEWT are what the stub was made of.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { peaceful } from "../stubs/hostile-server.ts";
import { NewtStub } from "../stubs/newt-stub.ts";
import recorded from "./newt-2015.json" with { type: "json" };

interface Recorded {
  name: string;
  method: string;
  path: string;
  form?: Record<string, string>;
  body?: string;
  query?: Record<string, string>;
  expect: { json?: Record<string, unknown>; cookie?: string; absent?: string[]; body?: string; listed?: string };
}

let stub: NewtStub;
let cookie = "";
beforeAll(async () => {
  stub = await NewtStub.start({ hostility: { ...peaceful, trim: true } });
});
afterAll(() => stub?.[Symbol.asyncDispose]());

/** The data with what is known of the stub put in. */
function filled<T>(value: T): T {
  const names: Record<string, string> = { HOME: stub.sandbox.home, MACHINE: stub.machine, USER: stub.username, PASSWORD: stub.password };
  return JSON.parse(JSON.stringify(value).replaceAll(/\$([A-Z]+)/g, (_, name: string) => names[name] ?? "")) as T;
}

test.each(recorded.requests as Recorded[])("$name", async (each) => {
  const { method, path, form, body, query, expect: expected } = filled(each);
  const url = new URL(stub.server.url + path);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  const content = form === undefined ? body : new URLSearchParams(form);
  const response = await fetch(url, { method, headers: { cookie }, ...(content !== undefined && { body: content }) });
  expect(response.status).toBe(200);
  cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
  const text = await response.text();
  if (expected.cookie !== undefined) expect(cookie).toMatch(new RegExp(`^${expected.cookie}=[0-9a-f]+$`));
  if (expected.body !== undefined) expect(text).toBe(expected.body);
  if (expected.json !== undefined) expect(JSON.parse(text)).toMatchObject(expected.json);
  for (const name of expected.absent ?? []) expect(JSON.parse(text)).not.toHaveProperty(name);
  if (expected.listed !== undefined) expect((JSON.parse(text) as { name: string }[]).map(({ name }) => name)).toContain(expected.listed);
});

test("without the cookie nothing is done, and 200 says auth: false", async () => {
  const response = await fetch(`${stub.server.url}/command/${stub.machine}`, {
    method: "POST",
    body: new URLSearchParams({ executable: `/bin/touch ${stub.sandbox.home}/done`, loginenv: "false" }),
  });
  expect([response.status, await response.json()]).toMatchObject([200, { auth: false }]);
  expect((await stub.sandbox.run("ls")).stdout.toString()).toBe("");
});
