/* The TCP part of a connection. */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { ConnectError } from "@sremote/protocol";
import { reasonOf } from "./abort.ts";
import { sshError } from "./ssh-error.ts";

/** @throws ConnectError; the signal's reason when it is aborted */
export function connectTcp(host: string, port: number, label: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port });
    const abort = (): void => {
      socket.destroy();
      reject(reasonOf(signal));
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => {
      signal.removeEventListener("abort", abort);
      socket.removeListener("error", failed);
      // Without it, every small message waits for an acknowledgement: 44 ms instead of 0.4 ms for a round trip.
      socket.setNoDelay(true);
      resolve(socket);
    });
    const failed = (error: Error): void => {
      signal.removeEventListener("abort", abort);
      reject(error instanceof ConnectError ? error : sshError(error, { phase: "reach", label }));
    };
    socket.once("error", failed);
  });
}
