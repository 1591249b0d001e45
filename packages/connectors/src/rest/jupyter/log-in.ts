/* Logging in with a password, as a browser does: cookies, and with them a token against cross-site requests in each request. */
import { ConnectError } from "@sremote/protocol";
import type { RestContext } from "../dialect.ts";
import { form } from "../encode.ts";
import type { HttpReply } from "../http.ts";

export async function logIn(password: string, { http, signal }: RestContext, label: string): Promise<Record<string, string>> {
  const page = await http.send({ method: "GET", path: "/login", credentials: false }, signal);
  const before = cookiesOf(page);
  const guard = before.get("_xsrf") ?? "";
  const { body, headers } = form({ password, _xsrf: guard });
  const reply = await http.send(
    {
      method: "POST",
      path: "/login",
      body,
      headers: { ...headers, cookie: joined(before) },
      credentials: false,
      idempotent: true,
      accept: [302, 401, 403, 405],
    },
    signal,
  );
  const after = cookiesOf(reply);
  if (reply.status === 405 || before.size === 0) {
    throw new ConnectError("auth-failed", "the server does not take a password", {
      stage: "connect",
      host: label,
      hint: "give its token with `token`; behind JupyterHub, one that its token page makes",
    });
  }
  // Without a redirect it is the page again (200 or 401), which says that the password is wrong.
  if (reply.status !== 302 || after.size === 0) {
    throw new ConnectError("auth-failed", "the server refused the password", { stage: "connect", host: label });
  }
  const cookies = new Map([...before, ...after]);
  return { cookie: joined(cookies), "x-xsrftoken": cookies.get("_xsrf") ?? guard };
}

function cookiesOf(reply: HttpReply): Map<string, string> {
  const pairs = reply.headers("set-cookie").map((cookie) => /^([^=;]+)=([^;]*)/.exec(cookie));
  return new Map(pairs.flatMap((match) => (match === null || match[2] === '""' ? [] : [[match[1]!.trim(), match[2]!]])));
}

function joined(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
}
