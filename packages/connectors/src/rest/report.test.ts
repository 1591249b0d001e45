import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newMarker } from "../process/marker.ts";
import { isCut, readReport } from "./report.ts";

const marker = newMarker();
const sum = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A report as the script makes it. */
function report(stdout: string, stderr: string, what = "both", form = "base64"): string {
  const all = `7 ${stdout.length} ${stderr.length} ${sum(stdout)} ${sum(stderr)} 0 ${what} ${form}`;
  const content = what === "both" ? stdout + stderr : what === "err" ? stderr : "";
  const armour =
    form === "hex"
      ? Buffer.from(content).toString("hex")
      : Buffer.from(content)
          .toString("base64")
          .replace(/(.{76})/g, "$1\n");
  return `\n${marker.printed} done ${all}\n${armour}\n\n${marker.printed} end ${all}\n`;
}

describe("a report", () => {
  test.each(["base64", "hex"])("is found in noise, with line ends changed and white space lost at the end, as %s", (form) => {
    const text = `motd\n${report("out".repeat(100), "err", "both", form).replaceAll("\n", "\r\n").trimEnd()}`;
    const found = readReport(text, marker);
    expect(found).toMatchObject({ kind: "done", exitCode: 7, truncated: false });
    if (found?.kind !== "done") return;
    expect(Buffer.from(found.stdout.bytes ?? []).toString()).toBe("out".repeat(100));
    expect(Buffer.from(found.stderr.bytes ?? []).toString()).toBe("err");
  });

  test("G20 tells an exit status that there is, or is none", () => {
    const ended = (status: number): unknown => readReport(report("out", "err").replaceAll(/(done|end) 7 /g, `$1 ${status} `), marker);
    expect([254, 255].map(ended)).toMatchObject([{ exitCode: 254 }, { exitCode: 255 }]);
    expect(ended(256)).toBeUndefined();
  });

  test("may tell sizes only, or stderr only", () => {
    expect(readReport(report("long", "err", "none"), marker)).toMatchObject({
      stdout: { size: 4, bytes: undefined },
      stderr: { bytes: undefined },
    });
    expect(readReport(report("long", "err", "err"), marker)).toMatchObject({
      stdout: { bytes: undefined },
      stderr: { bytes: Uint8Array.from(Buffer.from("err")) },
    });
  });

  test("G19 is believed only when whole: cut anywhere, or with any byte changed, it is none, or its content fails its digest", () => {
    const text = report("some output", "some error").trimEnd();
    for (let length = 0; length < text.length; length += 1) expect(readReport(text.slice(0, length), marker)).toBeUndefined();
    for (let at = 0; at < text.length; at += 1) {
      const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
      const found = readReport(flipped, marker);
      if (found === undefined) continue;
      expect(found).toMatchObject({
        kind: "done",
        exitCode: 7,
        stdout: { size: 11, sha256: sum("some output") },
        stderr: { size: 10, sha256: sum("some error") },
      });
    }
  });

  test("that was cut is told from none at all", () => {
    const text = report("a".repeat(1000), "");
    expect(isCut(text.slice(0, 900), marker)).toBe(true);
    expect(isCut(text, marker)).toBe(false);
    expect(isCut("noise", marker)).toBe(false);
    expect(isCut(undefined, marker)).toBe(false);
  });

  test("an echo of the script is none", () => {
    expect(readReport(`a=${marker.first}; b=${marker.second}; say running`, marker)).toBeUndefined();
  });
});
