/* A connection on which neither a failed write nor a reset takes away what the other side had sent. */
import type { Duplex } from "node:stream";
import { errnoOf } from "../../errno.ts";

/* oxlint-disable no-underscore-dangle -- these are Node's names for what streams are made of */

type Callback = (error?: Error | null) => void;

/**
 * Node destroys a socket when a write to it fails, or when it was reset, and with it everything that had been received and was not read yet. An
 * engine whose command ends before it has read its input causes both, while the end of the output is still on its way to who reads it.
 *
 * After this, a write that fails ends the writing alone, and a reset is the end of what was sent: whether the command has ended, the engine says
 * when it is asked.
 *
 * @returns what the first write that failed failed with
 */
export function keepOutput(socket: Duplex): () => Error | undefined {
  const [write, writev, final, destroy] = [
    socket._write.bind(socket),
    socket._writev?.bind(socket),
    socket._final.bind(socket),
    socket.destroy.bind(socket),
  ];
  let failed: Error | undefined;
  const survive =
    (callback: Callback): Callback =>
    (error) => {
      failed ??= error ?? undefined;
      callback();
    };
  socket._write = (chunk, encoding, callback) => write(chunk, encoding, survive(callback));
  if (writev !== undefined) socket._writev = (chunks, callback) => writev(chunks, survive(callback));
  socket._final = (callback) => final(survive(callback));
  socket.destroy = (error) => {
    if (error === undefined || errnoOf(error) !== "ECONNRESET" || socket.readableEnded) return destroy(error);
    // The system hands over what it has before it tells of the reset.
    socket.push(null);
    return socket;
  };
  return () => failed;
}
