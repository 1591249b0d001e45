/*
 * Why a command with input does not begin. Its input waits for its announcement, and a shell that was put in place of the account's own, or a
 * start-up file, may wait for that input: neither would end. So after a while a second command asks, whose input has ended: whether it
 * begins tells which it is, long before the deadline.
 */
import { randomBytes } from "node:crypto";
import { plainLine } from "./start-line.ts";

/** Milliseconds after which a start is in doubt: most start-up files are done, and a wrong guess costs one command. */
const patience = 2000;
/** Milliseconds that the command has left when another one, asked later, has begun. */
const grace = 3000;

/** Runs a line with no input, to its end; resolves to what it printed. Rejects where that cannot be done now. */
export type RunLine = (line: string) => Promise<Buffer>;

/**
 * @param waits whether the command has not begun, and its input is held
 * @param giveUp takes the end of the sentence that says that the command was not started
 * @returns a function that stops the clock
 */
export function doubtStart(run: RunLine, waits: () => boolean, giveUp: (how: string) => void): () => void {
  let stopped = false;
  const ask = (): void => {
    if (!waits()) return;
    const [front, back] = [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")];
    const decide = (output: Buffer): void => {
      if (stopped || !waits()) return;
      if (!output.includes(front + back)) return giveUp(", nor one without input");
      timer = setTimeout(() => {
        if (waits()) giveUp(": a start-up file reads the input that is meant for it");
      }, grace);
    };
    // No session is free for it, or the link is lost: the deadline remains.
    const leave = (): void => undefined;
    run(plainLine(`printf %s%s ${front} ${back}`)).then(decide, leave);
  };
  let timer = setTimeout(ask, patience);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
