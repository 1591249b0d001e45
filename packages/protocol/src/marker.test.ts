import { describe, expect, it } from "vitest";
import { keptNoiseBytes, MarkerScanner } from "./marker.ts";

const A = "0123456789abcdef";
const B = "fedcba9876543210";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("MarkerScanner", () => {
  it("splits noise from what follows, wherever the chunks are cut", () => {
    const noise = `motd\n+ endpoint call --marker ${A} ${B} - -\n${B}${B.slice(0, 5)}`;
    const bytes = encode(`${noise}${B}${A}frame${B}${A}`);
    for (let step = 1; step <= bytes.length; step++) {
      const scanner = new MarkerScanner(A, B);
      let after = "";
      for (let at = 0; at < bytes.length; at += step) after += decode(scanner.push(bytes.subarray(at, at + step)) ?? new Uint8Array(0));
      expect(scanner.found).toBe(true);
      expect(after).toBe(`frame${B}${A}`);
      expect(decode(scanner.noise)).toBe(noise);
      expect(scanner.noiseBytes).toBe(noise.length);
    }
  });

  it("finds a marker with nothing around it", () => {
    const scanner = new MarkerScanner(A, B);
    expect(scanner.push(encode(B + A))).toEqual(new Uint8Array(0));
    expect(scanner.noise.length).toBe(0);
    expect(decode(scanner.push(encode("more"))!)).toBe("more");
  });

  it("is not taken in by an echo of the command line, which has the halves in the other order", () => {
    const scanner = new MarkerScanner(A, B);
    expect(scanner.push(encode(`endpoint --marker ${A} ${B}\n${A}${B}`))).toBeUndefined();
    expect(scanner.found).toBe(false);
  });

  it("keeps the last 64 KiB of endless noise, and still finds the marker", () => {
    for (const size of [1, 1000, 70_000, 200_000]) {
      const scanner = new MarkerScanner(A, B);
      const noise = Uint8Array.from({ length: 300_000 }, (_, index) => 97 + (index % 23));
      for (let at = 0; at < noise.length; at += size) expect(scanner.push(noise.subarray(at, at + size))).toBeUndefined();
      expect(Buffer.compare(scanner.noise, noise.subarray(noise.length - keptNoiseBytes))).toBe(0);
      expect(decode(scanner.push(encode(`${B}${A}x`))!)).toBe("x");
      expect(Buffer.compare(scanner.noise, noise.subarray(noise.length - keptNoiseBytes))).toBe(0);
      expect(scanner.noiseBytes).toBe(300_000);
    }
  });
});
