import type { Duplex } from "node:stream";

/** What is gathered at most, in bytes: a program that goes on computing in this turn should not keep the host waiting. */
const gathered = 98_304;

/**
 * ssh2 writes the length, the body and the tag of each packet separately, and with Nagle's algorithm off each would travel alone. What is written in one turn of
 * the event loop goes to the system together, in portions where it is much.
 */
export function joinWrites(socket: Duplex): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const release = (): void => {
    while (socket.writableCorked > 0) socket.uncork();
  };
  socket.write = (...args: unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(release);
    }
    const more = write(...args);
    if (socket.writableLength >= gathered) release();
    return more;
  };
}
