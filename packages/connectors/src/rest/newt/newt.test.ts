/* What a service says in errors, over both versions of the dialect and a server that repeats what it was sent. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ConnectError, TransferError } from "@sremote/protocol";
import { formOf, startLoopback } from "../../testing/loopback-server.ts";
import { ofBytes } from "../content.ts";
import type { RestContext } from "../dialect.ts";
import { HttpClient } from "../http.ts";
import { Newt1 } from "./newt-1.ts";
import { Newt2 } from "./newt-2.ts";

const password = "correct horse+battery";
const session = "0123456789abcdef0123456789abcdef";
const { signal } = new AbortController();

/** Text in errors of which a part is enough to be told from everything else. */
const shownOf = (secret: string): string => secret.slice(0, 12);

/** How a talkative service puts what it was sent into a message, from the beginning or where a shortened text ends. */
const messages = (about: string): readonly string[] => [
  `${about}: password ${password}, cookie newt_sessionid=${session}`,
  `${about}: ${"x".repeat(300 - about.length - 20)} ${password}`,
  `${about}: ${"x".repeat(300 - about.length - 20)} ${session}`,
];

describe.each([
  ["version 1", Newt1],
  ["version 2", Newt2],
] as const)("G27 newt, %s: a password or cookie that the service repeats shows nowhere", (version, Dialect) => {
  /** Runs an operation against a server that answers all but logins with an error of this text. */
  async function failure(
    said: string,
    status: "OK" | "ERROR",
    operate: (newt: Newt1, context: RestContext) => Promise<unknown>,
  ): Promise<unknown> {
    await using server = await startLoopback(async (request, response) => {
      const fields = await formOf(request);
      const isLogin = fields.has("password");
      const told = isLogin ? { auth: true, newt_sessionid: session } : { status, output: "", error: said };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(version === "version 1" ? told : { ...told, output: told }));
    });
    const newt = new Dialect({ machine: "edison", username: "me", password, loginEnv: false });
    const http = new HttpClient({
      baseUrl: server.url,
      label: newt.label,
      secrets: newt.secrets(),
      authenticate: (own, given) => newt.authenticate({ http: own, signal: given }),
      check: (reply, request, redact) => newt.check(reply, request, redact),
    });
    try {
      return await operate(newt, { http, signal }).then(
        () => "no error",
        (error: unknown) => error,
      );
    } finally {
      await http.close();
    }
  }

  function checkHidden(error: unknown): void {
    const shown = inspect(error, { depth: 20, showHidden: true });
    for (const secret of [password, session]) expect(shown).not.toContain(shownOf(secret));
  }

  test("in what it says of a file", async () => {
    for (const said of messages("Permission denied")) {
      const error = await failure(said, "ERROR", (newt, context) => newt.put("/home/me/file", ofBytes(Buffer.from("x")), context));
      expect(error).toBeInstanceOf(TransferError);
      expect(error).toMatchObject({ code: "permission-denied", message: expect.stringContaining("Permission denied") });
      checkHidden(error);
    }
  });

  test("in what it says of trouble on the way", async () => {
    const script = { path: "/home/me/a.sh", args: [], line: "/bin/sh /home/me/a.sh", name: "a", idempotent: false };
    for (const said of messages("no node answers")) {
      const error = await failure(said, "ERROR", (newt, context) => newt.run(script, context));
      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toMatchObject({ code: "connection-lost", message: expect.stringContaining("no node answers") });
      checkHidden(error);
    }
  });

  test("in what a tool on the host says", async () => {
    for (const said of messages("mkdir: Permission denied")) {
      const error = await failure(said, "OK", (newt, context) => newt.makeDirectory("/home/me/d", context));
      expect(error).toMatchObject({ code: "permission-denied", message: expect.stringContaining("Permission denied") });
      checkHidden(error);
    }
  });
});
