import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { packetKinds, sessionLimits } from "./packet.ts";
import { proofText } from "./proof.ts";

const specification = readFileSync(new URL("../../SESSION.md", import.meta.url), "utf8");
const source = readFileSync(new URL("session-message.ts", import.meta.url), "utf8");

function section(title: string, level: number): string {
  const start = specification.indexOf(`\n${"#".repeat(level)} ${title}\n`);
  expect(start, `the heading ${title}`).toBeGreaterThan(0);
  const rest = specification.slice(start + level + title.length + 2);
  const end = rest.search(new RegExp(`\\n#{1,${level}} `));
  return end < 0 ? rest : rest.slice(0, end);
}

/** Members of an interface, as written in the source. */
function membersOf(name: string): string[] {
  const body = new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(source);
  return [...body![1]!.matchAll(/^ {2}(\w+)\??:/gm)].map((match) => match[1]!);
}

describe("SESSION.md and the code", () => {
  it("name the same messages", () => {
    const headings = [...section("Messages", 2).matchAll(/^### (.+)$/gm)].map((match) => match[1]!);
    const types = [...source.matchAll(/^ {2}type: "(.+)";$/gm)].map((match) => match[1]!);
    expect(types).toEqual(headings);
    expect(types.length).toBeGreaterThan(0);
  });

  it.each(["hello", "welcome", "resume", "challenge", "proof", "bye", "invoke", "result", "part", "ask", "answer"])(
    "give %s the same members",
    (type) => {
      const text = section(type, 3);
      const table = [...text.matchAll(/^\| (`[^|]*`) \|/gm)].map((match) => match[1]!).join();
      const named = [...(table === "" ? text : table).matchAll(/`(\w+)`/g)].map((match) => match[1]!);
      for (const member of membersOf(`${type[0]!.toUpperCase()}${type.slice(1)}Message`)) expect(named).toContain(member);
      if (table !== "") expect(named.length).toBe(membersOf(`${type[0]!.toUpperCase()}${type.slice(1)}Message`).length);
    },
  );

  it("give a route the same members", () => {
    const table = [...section("Route", 2).matchAll(/^\| (`[^|]*`) \|/gm)].map((match) => match[1]!).join();
    const named = [...table.matchAll(/`(\w+)`/g)].map((match) => match[1]!);
    expect(named.toSorted()).toEqual(membersOf("Route").toSorted());
  });

  it("give packets the same numbers", () => {
    const rows = [...section("Packet", 2).matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map((match) => [match[1]!, Number(match[2])]);
    expect(Object.fromEntries(rows)).toEqual(packetKinds);
  });

  it("make the same proofs", () => {
    const rows = [...section("Losing the link", 2).matchAll(/^\| (.+) \| `([0-9a-f]+)` \|/gm)].map(
      (match) => [match[1]!, match[2]!] as const,
    );
    const values = new Map(rows);
    const [clientNonce, hostNonce] = [values.get("nonce of the `resume`")!, values.get("nonce of the `challenge`")!];
    const proofs = rows.flatMap(([what, value]) => {
      const of = /^proof of the (host|client), which has received (\d+)$/.exec(what);
      return of === null ? [] : [[of[1] === "host" ? "host" : "client", Number(of[2]), value] as const];
    });
    expect(proofs).toHaveLength(2);
    for (const [prover, received, value] of proofs) {
      const text = proofText(prover, { clientNonce, hostNonce, received });
      expect(createHmac("sha256", values.get("token")!).update(text).digest("hex")).toBe(value);
    }
  });

  it("state the same limits", () => {
    const plain = specification.replaceAll(/\s+/g, " ").replaceAll(/(?<=\d) (?=\d{3})/g, "");
    for (const limit of [sessionLimits.packetPayload, sessionLimits.requestCredit, sessionLimits.outputCredit]) {
      expect(plain).toContain(String(limit));
    }
    expect(sessionLimits.runningCredit).toBe(4 * 2 ** 20);
    expect(plain).toContain("grants 4 MiB");
    expect(sessionLimits.unacknowledged).toBe(4 * 2 ** 20);
    expect(plain).toContain("while 4 MiB of counted packets are not acknowledged");
    expect(plain).toContain(`${sessionLimits.ackPackets} packets or ${sessionLimits.ackBytes / 1024} KiB`);
    expect(plain).toContain(`1 … ${sessionLimits.workers}`);
  });
});
