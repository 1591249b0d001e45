/* A command that is to run as a script, and one attempt at it. */
import type { Command } from "../connector.ts";
import type { Marker } from "../process/marker.ts";
import type { Content } from "./content.ts";

export interface Job {
  readonly stage: string;
  readonly command: Command;
  readonly stdin?: Content | undefined;
  readonly maxStdout: number;
  readonly maxStderr: number;
  /** Milliseconds after which the host itself ends the command, should nobody get there any more. */
  readonly timeout?: number | undefined;
  /** Called with the bytes of stdin that were sent. */
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/** One script on the host. */
export interface Attempt {
  readonly id: string;
  readonly marker: Marker;
  readonly path: string;
  readonly work: string;
  /** Files that were begun, beside the script. */
  readonly parts: string[];
  /** Whether the request to start it may have been taken. */
  submitted: boolean;
  handle: string | undefined;
}
