// The least that a program over ssh2 must do: a bare loop over hosts, and a bare channel for a file. Plain JavaScript, so that no types are stripped while
// it is timed.
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { connect } from "node:net";
import { Client } from "ssh2";

const { hosts, knownHosts, command, send, receive } = JSON.parse(process.argv[2]);
const keys = new Map(
  readFileSync(knownHosts, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" "))
    .map(([at, , key]) => [at, key]),
);
const privateKey = readFileSync(hosts[0].privateKeyPath);

function runOn({ name, address, port, username }) {
  return new Promise((resolve, reject) => {
    const client = new Client();
    const chunks = [];
    client.once("error", reject).once("ready", () => {
      client.exec(command, (error, channel) => {
        if (error !== undefined) return reject(error);
        channel.stderr.resume();
        if (send !== undefined) createReadStream(send, { highWaterMark: 1 << 18 }).pipe(channel);
        if (receive !== undefined) channel.pipe(createWriteStream(receive));
        else channel.on("data", (chunk) => chunks.push(chunk));
        return channel.once("close", (code) => {
          client.end();
          if (code === 0) resolve(`${name}: ${Buffer.concat(chunks).toString("utf8")}`);
          else reject(new Error(`${name}: exit ${code}`));
        });
      });
    });
    client.connect({
      sock: connect({ host: address, port, noDelay: true }),
      username,
      privateKey,
      authHandler: ["publickey"],
      hostVerifier: (key) => keys.get(`[${address}]:${port}`) === key.toString("base64"),
    });
  });
}

process.stdout.write((await Promise.all(hosts.map(runOn))).join(""));
