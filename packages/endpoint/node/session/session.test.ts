/* The supervisor's own limits, on a clock that is moved by hand. */
import { PassThrough } from "node:stream";
import { encodePacket, packetKinds, type HostFacts } from "@sremote/protocol";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Link } from "./link.ts";
import { Session } from "./session.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

function begin(): { input: PassThrough; onEnd: ReturnType<typeof vi.fn> } {
  const onEnd = vi.fn<() => void>();
  const host = { endpoint: null } as unknown as HostFacts;
  const session = new Session({ base: "/nonexistent", host, source: "", umask: 0o022, onEnd });
  const [input, output] = [new PassThrough(), new PassThrough()];
  session.begin((events) => new Link(input, output, events));
  return { input, onEnd };
}

it("G15 ends when no hello has come for two minutes, whatever else did", async () => {
  const { input, onEnd } = begin();
  await vi.advanceTimersByTimeAsync(119_000);
  input.write(Buffer.concat(encodePacket(packetKinds.ping, 0, [new Uint8Array(8)])));
  await vi.advanceTimersByTimeAsync(999);
  expect(onEnd).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(onEnd).toHaveBeenCalled();
});
