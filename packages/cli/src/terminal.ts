/* Questions at the terminal itself, whatever standard input and output are connected to. */
import { closeSync, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { SremoteError } from "@sremote/protocol";

/** Whether questions can be asked: the process has a controlling terminal, and its input is one. */
export function canAsk(): boolean {
  if (!process.stdin.isTTY) return false;
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false;
  }
}

/**
 * Asks one question. The answer is not shown unless `echo` says so.
 * @throws SremoteError `cancelled` on Ctrl-C or end of input
 */
export async function ask(question: string, echo: boolean, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const descriptor = openSync("/dev/tty", "r+");
  const terminal = new ReadStream(descriptor);
  const show = (text: string): void => void writeSync(descriptor, text);
  try {
    // Before the question is seen, so that not even the fastest answer to it is echoed.
    terminal.setRawMode(true);
    show(question);
    return await readAnswer(terminal, echo ? show : () => undefined, signal);
  } finally {
    terminal.setRawMode(false);
    show("\r\n");
    terminal.destroy();
  }
}

function readAnswer(terminal: ReadStream, show: (text: string) => void, signal: AbortSignal): Promise<string> {
  let answer = "";
  terminal.setEncoding("utf8");
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(new SremoteError("cancelled", "the question was not answered"));
    signal.addEventListener("abort", cancel, { once: true });
    terminal.once("end", cancel).once("error", reject);
    terminal.on("data", (chunk: string) => {
      for (const character of chunk) {
        if (character === "\r" || character === "\n") return resolve(answer);
        if (character === "\u0003" || character === "\u0004") return cancel();
        if (character === "\u007F" || character === "\b") {
          if (answer !== "") show("\b \b");
          answer = Array.from(answer).slice(0, -1).join("");
        } else if (character >= " ") {
          answer += character;
          show(character);
        }
      }
    });
  });
}
