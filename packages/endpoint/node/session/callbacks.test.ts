import { Attachments } from "@sremote/protocol";
import { describe, expect, it } from "vitest";
import { Asks } from "./callbacks.ts";

function asking(): { asks: Asks; sent: number[]; answer: (ask: number) => void } {
  const sent: number[] = [];
  const asks = new Asks((message) => void sent.push((JSON.parse(message) as { ask: number }).ask));
  return { asks, sent, answer: (ask) => asks.answer({ type: "answer", ask, value: { json: ask } }, new Attachments([])) };
}

describe("G20 callbacks that are called all at once", () => {
  it("are asked for so many at a time, in their order, and each gets its answer", async () => {
    const { asks, sent, answer } = asking();
    const answers = Array.from({ length: 200 }, (_, index) => asks.ask(1, [index]));
    expect(sent).toHaveLength(64);
    for (let ask = 1; ask <= 200; ask += 1) {
      expect(sent.length - ask + 1).toBeLessThanOrEqual(64);
      answer(ask);
    }
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(asks.isWaiting).toBe(false);
  });

  it("with much data each are asked for one after the other; one alone may have any size", async () => {
    const { asks, sent, answer } = asking();
    const answers = [2 << 20, 1000, 2 << 20].map((length) => asks.ask(1, [new Uint8Array(length)]));
    expect(sent).toEqual([1]);
    answer(1);
    expect(sent).toEqual([1, 2]);
    answer(2);
    expect(sent).toEqual([1, 2, 3]);
    answer(3);
    expect(await Promise.all(answers)).toEqual([1, 2, 3]);
  });

  it("that were held back fail with the others when the call is over", async () => {
    const { asks, sent } = asking();
    const answers = Array.from({ length: 100 }, () => asks.ask(1, []));
    asks.end();
    expect((await Promise.allSettled(answers)).filter(({ status }) => status === "rejected")).toHaveLength(100);
    expect(sent).toHaveLength(64);
  });
});
