/* G40 for runs and transfers: hundreds in a row over real SSH, a third of them failing; nightly twice as many. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connector, openssh, ssh } from "@sremote/connectors";
import { type Fleet, fleet, type Host } from "@sremote/fleet";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { findProcesses } from "../../scripts/labs/processes.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import { until } from "../../scripts/labs/wait.ts";
import { inUse, mebibyte } from "../support/flood.ts";
import { hostPath } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";

let lab: Lab;
let directory: string;
beforeAll(async () => {
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
  directory = await mkdtemp(join(tmpdir(), "sremote-soak-"));
  for (const name of ["in", "in/deep", "tmp"]) await mkdir(join(directory, name));
  for (const name of ["a", "b", "deep/c"]) await writeFile(join(directory, "in", name), name.repeat(5000));
  // A place of our own: other suites use the common one at the same time.
  vi.stubEnv("TMPDIR", join(directory, "tmp"));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
});

const descriptors = async (): Promise<number> => (await readdir("/proc/self/fd")).length;
const filesIn = async (path: string): Promise<string[]> => (await readdir(path, { recursive: true })).toSorted();

/** Six things, two or three of which fail, in a place of their own lane. */
async function round(hosts: Fleet, lane: number, number: number): Promise<void> {
  const [here, back, there] = [join(directory, "in"), join(directory, `back${lane}`), `lane${lane}`];
  const text = "x".repeat(number % 7);
  const [printed] = (await hosts.run(`echo ${number}; printf '%s' "${text}" >&2; exit $(( ${number} % 2 * 255 ))`)).jobs;
  expect([printed!.exitCode, printed!.stdout, printed!.stderr]).toEqual([(number % 2) * 255, `${number}\n`, text]);
  const [killed] = (await hosts.run("kill -9 $$")).jobs;
  // Over the system's ssh a shell is between, which has no other way to tell a signal.
  expect([killed!.reason, killed!.signal ?? killed!.exitCode]).toEqual(["exit", killed!.exitCode === null ? "SIGKILL" : 137]);
  expect((await hosts.push(here, there)).ok).toBe(true);
  expect((await hosts.pull(`${there}/a`, back)).ok).toBe(true);
  const [missing] = (await hosts.pull("missing", back)).jobs;
  expect([missing!.reason, missing!.error?.code]).toEqual(["error", "no-such-file"]);
  expect((await hosts.sync(here, there, { direction: "push", delete: true, check: "always" })).ok).toBe(true);
}

const lanes = [0, 1, 2, 3];

test.each([
  ["ssh", ssh, isNightly ? 20 : 8],
  ["openssh", openssh, isNightly ? 5 : 2],
] as const)(
  "G40 runs and transfers in a row over %s leave no file, process or descriptor, and take no more memory",
  async (_, make, rounds) => {
    const user = await lab.addUser();
    const before = { descriptors: await descriptors(), temporary: await filesIn(tmpdir()) };
    const connect = (host: Host): Connector => make({ ...host.sshOptions(), knownHosts: lab.knownHosts, sshConfig: false });
    const { address, port, key } = lab;
    const hosts = fleet([{ address, port, username: user.name, privateKeyPath: key.path }], { connect, logLevel: "silent" });
    const each = async (from: number, to: number): Promise<void> => {
      const follow = async (lane: number): Promise<void> => {
        for (let number = from; number < to; number += 1) await round(hosts, lane, number);
      };
      await Promise.all(lanes.map(follow));
    };
    // What is made once is made by now: connections, compiled code, the first copies.
    await each(0, 3);
    const first = { descriptors: await descriptors(), here: await filesIn(directory), there: await filesIn(user.home), memory: inUse() };
    await each(3, 3 + rounds);
    expect(inUse() - first.memory).toBeLessThan(4 * mebibyte);
    expect(await descriptors()).toBeLessThanOrEqual(first.descriptors + 1);
    expect(await filesIn(directory)).toEqual(first.here);
    expect(await filesIn(user.home)).toEqual(first.there);
    await hosts.close();
    await until("nothing of the user is left", async () => (await findProcesses(({ uid }) => uid === user.uid)).length === 0);
    // Node closes those of children when it hears of their ends.
    await until("no descriptor is left", async () => (await descriptors()) <= before.descriptors);
    expect(await filesIn(tmpdir())).toEqual(before.temporary);
  },
);
