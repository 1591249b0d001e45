import type { Duplex } from "node:stream";

/**
 * ssh2 writes the length, the body and the tag of each packet separately, and with Nagle's algorithm off each would travel alone. What is written in one turn of
 * the event loop goes to the system together.
 */
export function joinWrites(socket: Duplex): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const release = (): void => socket.uncork();
  socket.write = (...args: unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(release);
    }
    return write(...args);
  };
}
