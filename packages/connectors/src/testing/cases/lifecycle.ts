import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { defineCase, defineLoneCase, quote } from "../case.ts";
import type { CheckOptions, ConnectorCase } from "../case.ts";
import { until } from "../wait.ts";
import { bytesOf, listing } from "./file.ts";

const canCut = ({ cut }: CheckOptions): boolean => cut !== undefined;

export const lifecycleCases: readonly ConnectorCase[] = [
  defineCase("20 commands at once each get their own output and exit code", async ({ exec }) => {
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => exec(`sleep 0.2; printf ${n}; printf e${n} >&2; exit ${n}`)));
    for (const [n, { stdout, stderr, exitCode }] of results.entries()) {
      assert.deepEqual([new TextDecoder().decode(stdout), new TextDecoder().decode(stderr), exitCode], [String(n), `e${n}`, n]);
    }
  }),
  defineCase("status of a host in reach is ok", async ({ connector }) => {
    const status = await connector.status();
    assert.equal(status.ok, true, status.message);
    assert.notEqual(status.message, "");
  }),
  defineCase("the label is a text on one line", async ({ connector }) => {
    assert.match(connector.label, /^[^\n]+$/);
  }),
  defineCase("a closed connector says so, and may be closed again", async ({ connector, directory, rejection, exec }) => {
    await connector.close();
    await connector.close();
    await rejection(exec("exit 0"), SremoteError, "closed");
    await rejection(connector.push(bytesOf(1), `${directory}/file`), SremoteError, "closed");
    await rejection(connector.pull(`${directory}/file`, { write() {} }), SremoteError, "closed");
    if (connector.spawn !== undefined) await rejection(connector.spawn(["true"]), SremoteError, "closed");
    assert.equal((await connector.status()).ok, false);
  }),
  defineCase("closing ends what is under way", async ({ connector, directory, rejection, exec }) => {
    const long = rejection(exec("sleep 300"), SremoteError, "closed", "connection-lost");
    await exec(`echo > ${quote(`${directory}/reached`)}`);
    await connector.close();
    await long;
  }),
  defineCase("closing ends live processes, and how they ended is told at once", async ({ connector }) => {
    if (connector.spawn === undefined) return;
    await using process = await connector.spawn(["sleep", "300"]);
    const ended = process.exit.then(
      () => true,
      () => true,
    );
    await connector.close();
    assert.equal(await Promise.race([ended, delay(5000, false)]), true, "`exit` must settle");
  }),
  defineLoneCase(
    "a cut link is connection-lost, and the next command connects again",
    async (fixture) => {
      const { cut } = fixture.options;
      if (cut === undefined) return;
      const long = fixture.exec(`echo > ${quote(`${fixture.directory}/ready`)}; sleep 300`);
      const lost = fixture.rejection(long, ConnectError, "connection-lost");
      await until("the command has begun", async () => (await listing(fixture)).includes("ready"));
      try {
        await cut.cut();
        await lost;
      } finally {
        await cut.restore();
      }
      assert.equal((await fixture.exec("exit 11")).exitCode, 11);
    },
    canCut,
  ),
  defineLoneCase(
    "G26 a link cut during a push leaves no part of a file",
    async (fixture) => {
      const { cut } = fixture.options;
      if (cut === undefined) return;
      let broken: Promise<void> | undefined;
      const onProgress = (): void => {
        broken ??= Promise.resolve(cut.cut());
      };
      try {
        await fixture.rejection(
          fixture.connector.push(bytesOf(48 * 2 ** 20), `${fixture.directory}/file`, { onProgress }),
          SremoteError,
          "connection-lost",
          "transfer-failed",
        );
        await broken;
      } finally {
        await cut.restore();
      }
      await until("nothing is left", async () => (await listing(fixture)) === "");
    },
    canCut,
  ),
];
