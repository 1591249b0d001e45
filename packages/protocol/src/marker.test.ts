import { describe, expect, it } from "vitest";
import { hostLimits } from "./host-limits.ts";
import { MarkerLineScanner, MarkerScanner, printedMarker } from "./marker.ts";

const { keptNoise } = hostLimits;

const A = "0123456789abcdef";
const B = "fedcba9876543210";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("MarkerScanner", () => {
  it("splits noise from what follows, wherever the chunks are cut", () => {
    const noise = `motd\n+ endpoint call --marker ${A} ${B} - -\n${B}${B.slice(0, 5)}`;
    const bytes = encode(`${noise}${B}${A}frame${B}${A}`);
    for (let step = 1; step <= bytes.length; step++) {
      const scanner = new MarkerScanner(printedMarker(A, B));
      let after = "";
      for (let at = 0; at < bytes.length; at += step) after += decode(scanner.push(bytes.subarray(at, at + step)) ?? new Uint8Array(0));
      expect(scanner.found).toBe(true);
      expect(after).toBe(`frame${B}${A}`);
      expect(decode(scanner.noise)).toBe(noise);
      expect(scanner.noiseBytes).toBe(noise.length);
    }
  });

  it("finds a marker with nothing around it", () => {
    const scanner = new MarkerScanner(printedMarker(A, B));
    expect(scanner.push(encode(B + A))).toEqual(new Uint8Array(0));
    expect(scanner.noise.length).toBe(0);
    expect(decode(scanner.push(encode("more"))!)).toBe("more");
  });

  it("is not taken in by an echo of the command line, which has the halves in the other order", () => {
    const scanner = new MarkerScanner(printedMarker(A, B));
    expect(scanner.push(encode(`endpoint --marker ${A} ${B}\n${A}${B}`))).toBeUndefined();
    expect(scanner.found).toBe(false);
  });

  it("keeps the last of endless noise, and still finds the marker", () => {
    for (const size of [1, 1000, 70_000, 200_000]) {
      const scanner = new MarkerScanner(printedMarker(A, B));
      const noise = Uint8Array.from({ length: 300_000 }, (_, index) => 97 + (index % 23));
      // One expectation for all: 300,000 of them take three seconds.
      const told: unknown[] = [];
      for (let at = 0; at < noise.length; at += size) told.push(scanner.push(noise.subarray(at, at + size)));
      expect(told.filter((each) => each !== undefined)).toEqual([]);
      expect(Buffer.compare(scanner.noise, noise.subarray(noise.length - keptNoise))).toBe(0);
      expect(decode(scanner.push(encode(`${B}${A}x`))!)).toBe("x");
      expect(Buffer.compare(scanner.noise, noise.subarray(noise.length - keptNoise))).toBe(0);
      expect(scanner.noiseBytes).toBe(300_000);
    }
  });
});

describe("MarkerLineScanner", () => {
  it("tells the line behind the marker and what follows it, wherever the chunks are cut", () => {
    const bytes = encode(`motd\n${B}${A} 42\noutput\n`);
    for (let at = 0; at <= bytes.length; at++) {
      const scanner = new MarkerLineScanner(printedMarker(A, B));
      const first = scanner.push(bytes.subarray(0, at));
      const found = first ?? scanner.push(bytes.subarray(at))!;
      expect(found.line).toBe(" 42");
      expect(decode(found.rest) + (first === undefined ? "" : decode(bytes.subarray(at)))).toBe("output\n");
      expect([decode(scanner.noise), scanner.noiseBytes, scanner.lineBytes]).toEqual(["motd\n", 5, 3]);
    }
  });

  it("counts a line that does not end, and noise of which no byte can be the marker's", () => {
    const scanner = new MarkerLineScanner(printedMarker(A, B));
    expect(scanner.push(encode(`noise${B}`))).toBeUndefined();
    expect(scanner.noiseBytes).toBe(0);
    expect(scanner.push(encode("n".repeat(31)))).toBeUndefined();
    expect(scanner.noiseBytes).toBe("noise".length + B.length);
    expect(scanner.push(encode(`${B}${A}123`))).toBeUndefined();
    expect(scanner.push(encode("4"))).toBeUndefined();
    expect([scanner.noiseBytes, scanner.lineBytes]).toEqual(["noise".length + B.length + 31, 4]);
  });
});
