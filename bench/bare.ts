/* The least that any client over ssh2 must do: a bare connection and channels, without anything of ours. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { Client } from "ssh2";
import type { ClientChannel } from "ssh2";
import type { Account } from "../scripts/labs/users.ts";
import type { Lab } from "../scripts/labs/sshd.ts";

export async function connectBare(lab: Lab, account: Pick<Account, "name">, port: number = lab.port): Promise<Client> {
  const client = new Client();
  const hostKeys = lab.hostKeys.map(({ publicKey }) => publicKey.split(" ")[1]);
  const username = account.name;
  const privateKey = readFileSync(lab.key.path);
  await new Promise<void>((resolve, reject) => {
    client.once("ready", resolve).once("error", reject);
    client.connect({
      // Set before the handshake, whose steps would wait for acknowledgements without it: 270 ms instead of 60.
      sock: connect({ host: lab.address, port, noDelay: true }),
      username,
      privateKey,
      // Straight to what works.
      authHandler: ["publickey"],
      hostVerifier: (hostKey: Buffer) => hostKeys.includes(hostKey.toString("base64")),
    });
  });
  return client;
}

export function openChannel(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error !== undefined) return reject(error);
      // Undrained, it would stall the channel.
      channel.stderr.resume();
      return resolve(channel);
    });
  });
}

/** Runs a command to its end. */
export async function execBare(client: Client, command: string): Promise<void> {
  const channel = await openChannel(client, command);
  await new Promise<void>((resolve, reject) => {
    channel.resume();
    channel.once("close", (code: number | null) => (code === 0 ? resolve() : reject(new Error(`${command}: exit ${String(code)}`))));
  });
}
