/* A command that is to run as a script, and one attempt at it. */
import type { Command } from "../connector.ts";
import type { Marker } from "../process/index.ts";
import type { Content } from "./content.ts";
import type { RunState } from "./dialect.ts";

export interface Job {
  readonly stage: string;
  readonly command: Command;
  readonly stdin?: Content | undefined;
  readonly stdoutLimit: number;
  readonly stderrLimit: number;
  /** Milliseconds after which the host itself ends the command, should the client be unable to. */
  readonly timeout?: number | undefined;
  /** Called before the service is asked to run it. */
  readonly onInput?: (() => void) | undefined;
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
  /** That request, if it goes on after the command was given up. */
  submission?: Promise<RunState> | undefined;
  handle: string | undefined;
  /** Files larger than this the script splits. */
  splitAt: number | undefined;
}

/** Tells of progress once, however often what is sent must be sent again. */
export function onlyForward(onSent: Job["onSent"]): Job["onSent"] {
  if (onSent === undefined) return undefined;
  let most = -1;
  return (bytes) => {
    if (bytes > most) onSent((most = bytes));
  };
}

/** Tells once that the input is to go, however often what is sent must be sent again. */
export function onlyOnce(onInput: Job["onInput"]): Job["onInput"] {
  let told = false;
  return () => {
    if (told) return;
    told = true;
    onInput?.();
  };
}

/** What the service knows a command as. */
export function runName(id: string): string {
  return `sremote-${id}`;
}
