/* Directories for files that connectors without standard input bring and fetch. */
import { type Connector, shell } from "@sremote/connectors";
import { hostLimits, TransferError } from "@sremote/protocol";

/** Makes one that only its owner can look into. @param purpose part of its name @param stage for errors @throws TransferError */
export async function makeTemporaryDirectory(connector: Connector, purpose: string, stage: string, signal: AbortSignal): Promise<string> {
  const script = `umask 077; mktemp -d "\${TMPDIR:-/tmp}/sremote-${purpose}-XXXXXXXX"`;
  const { stdout, exitCode, stderr } = await connector.exec(shell(script), { signal, outputLimit: hostLimits.ownOutput });
  const found = new RegExp(String.raw`^/.*/sremote-${purpose}-\w+$`, "m").exec(Buffer.from(stdout).toString("utf8"))?.[0];
  if (exitCode === 0 && found !== undefined) return found;
  throw new TransferError("transfer-failed", "no directory for temporary files could be made on the host", {
    stage,
    host: connector.label,
    lastLines: Buffer.from(stderr).toString("utf8").slice(-4096),
  });
}

/** Never rejects. */
export async function removeTemporaryDirectory(connector: Connector, directory: string): Promise<void> {
  try {
    await connector.exec(["rm", "-rf", directory], { timeout: 5000, outputLimit: hostLimits.ownOutput });
  } catch {
    // The host cannot be reached, which whatever led here says; it is a directory for temporary files.
  }
}
