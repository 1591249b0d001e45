/* stdout and stderr on a stream: how much the host may send of them, and has sent. SESSION.md, "Credit". */
import { decodeCount, encodeCredit, type Packet, packetFlags, packetKinds, sessionLimits } from "@sremote/protocol";
import type { CallOutput, OutputFlow } from "../call/output.ts";
import { type HostExcess, tooMuch } from "./host-excess.ts";
import type { Session } from "./session.ts";

interface Stream {
  readonly session: Session;
  readonly stream: number;
  readonly isOver: boolean;
}

interface Outputs {
  readonly stdout: CallOutput;
  readonly stderr: CallOutput;
}

export class StreamOutput implements OutputFlow {
  readonly #stream: Stream;
  readonly #outputs: Outputs;
  /** Bytes of stdout and stderr that the host may send before more credit is given. */
  #stdoutAllowed: number = sessionLimits.outputCredit;
  #stderrAllowed: number = sessionLimits.outputCredit;
  /** And those that it has sent. */
  #stdoutCame = 0;
  #stderrCame = 0;

  constructor(stream: Stream, outputs: Outputs) {
    this.#stream = stream;
    this.#outputs = outputs;
  }

  grant(output: CallOutput, bytes: number): void {
    const { session, stream, isOver } = this.#stream;
    if (isOver) return;
    const isStdout = output === this.#outputs.stdout;
    if (isStdout) this.#stdoutAllowed += bytes;
    else this.#stderrAllowed += bytes;
    session.send(packetKinds.credit, stream, [isStdout ? encodeCredit(bytes, 0) : encodeCredit(0, bytes)]);
  }

  mute(output: CallOutput): void {
    const { session, stream, isOver } = this.#stream;
    if (isOver) return;
    const flags = output === this.#outputs.stdout ? packetFlags.muteStdout : packetFlags.muteStderr;
    session.send(packetKinds.mute, stream, [], { flags });
  }

  packet({ kind, payload }: Packet): void {
    const { stdout, stderr } = this.#outputs;
    switch (kind) {
      case packetKinds.stdout:
        this.#stdoutCame += payload.length;
        this.#stdoutAllowed -= payload.length;
        if (this.#stdoutAllowed < 0) throw beyondCredit();
        stdout.feed(payload, this);
        break;
      case packetKinds.stderr:
        this.#stderrCame += payload.length;
        this.#stderrAllowed -= payload.length;
        if (this.#stderrAllowed < 0) throw beyondCredit();
        stderr.feed(payload, this);
        break;
      default:
        stdout.missed(Math.max(0, decodeCount(payload, 0) - this.#stdoutCame));
        stderr.missed(Math.max(0, decodeCount(payload, 8) - this.#stderrCame));
    }
  }
}

function beyondCredit(): HostExcess {
  return tooMuch("sent more output than it was given credit for");
}
