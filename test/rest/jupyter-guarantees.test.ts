/* What is promised, over a real Jupyter Server whose answers get lost, late or damaged on the way. */
import { once } from "node:events";
import { chown, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { jupyter, shell } from "@sremote/connectors";
import type { RestConnector } from "@sremote/connectors";
import { ConnectError, TransferError } from "@sremote/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { startJupyter } from "../../scripts/labs/jupyter.ts";
import type { JupyterLab } from "../../scripts/labs/jupyter.ts";
import { portOf } from "../../scripts/labs/port.ts";
import { run } from "../../scripts/labs/run.ts";
import { JupyterProxy } from "../stubs/jupyter-proxy.ts";
import { Effects, plantEffects } from "../support/effects.ts";
import { hostPath, runtimes } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const nobody = 65_534;

let lab: JupyterLab;
let proxy: JupyterProxy;
/** Of all tests that need no kernel of their own. */
let shared: RestConnector;

const connect = (options = {}): RestConnector => jupyter({ baseUrl: proxy.baseUrl, token: lab.token, ...options });

beforeAll(async () => {
  lab = await startJupyter({ env: { PATH: hostPath } });
  await plantEffects(lab.home);
  proxy = await JupyterProxy.start(lab.port);
  shared = connect();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  proxy.calm();
});
afterAll(async () => {
  await shared?.close();
  await proxy?.[Symbol.asyncDispose]();
  await lab?.stop();
});

/** Lines that commands have written to a file of the home directory. */
async function lines(name: string): Promise<string[]> {
  return (await readFile(join(lab.home, name), "utf8").catch(() => "")).split("\n").slice(0, -1);
}

async function pulled(connector: RestConnector, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await connector.pull(path, { write: (chunk) => void chunks.push(Buffer.from(chunk)) });
  return Buffer.concat(chunks);
}

/** Where a hostile server may send a client: whatever arrives is kept. */
async function otherOrigin(): Promise<AsyncDisposable & { url: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, reply) => {
    seen.push(JSON.stringify([request.url, request.headers]));
    reply.end();
  });
  server.on("upgrade", (request, socket) => {
    seen.push(JSON.stringify([request.url, request.headers]));
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const dispose = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `127.0.0.1:${portOf(server)}/x`, seen, [Symbol.asyncDispose]: dispose };
}

describe("G28 a token stays with its origin", () => {
  test("G28 redirects of requests and of WebSockets to another origin are errors, and nothing arrives there", async () => {
    await using other = await otherOrigin();
    await using connector = connect();
    const refused = async (request: RegExp, status: number, operation: () => Promise<unknown>): Promise<void> => {
      proxy.disturb(request, { kind: "status", status, location: `http://${other.url}` });
      const error = await rejection(operation(), ConnectError);
      expect(error.code).toBe("connect-failed");
      expect(error.message).not.toContain(lab.token);
      expect(proxy.pending).toEqual([]);
    };
    for (const status of [302, 307, 308]) {
      await refused(/^GET .*kernelspecs/, status, () => connector.exec(["true"]));
      await refused(/^POST .*sessions/, status, () => connector.exec(["true"]));
    }
    // Nobody is told why a WebSocket was not opened, so that it is tried again.
    proxy.disturb(/^GET .*channels/, { kind: "status", status: 302, location: `ws://${other.url}` });
    proxy.disturb(/^GET .*channels/, { kind: "status", status: 307, location: `http://${other.url}` });
    expect((await connector.exec(shell("exit 3"))).exitCode).toBe(3);
    expect(proxy.pending).toEqual([]);
    const path = join(lab.home, "never");
    for (const status of [302, 307]) await refused(/^PUT .*contents/, status, () => connector.push(new Uint8Array(1), path));
    expect(other.seen).toEqual([]);
    expect(await readdir(lab.home)).not.toContain("never");
  });

  test("G28 neither does a password go to where the login is redirected", async () => {
    await using other = await otherOrigin();
    for (const [request, status, code] of [
      [/^GET .*login/, 302, "connect-failed"],
      [/^POST .*login/, 302, "auth-failed"],
      [/^POST .*login/, 307, "connect-failed"],
    ] as const) {
      await using connector = jupyter({ baseUrl: proxy.baseUrl, password: "a secret password" });
      proxy.disturb(request, { kind: "status", status, location: `http://${other.url}` });
      const error = await rejection(connector.exec(["true"]), ConnectError);
      expect(error.code).toBe(code);
      expect(error.message).not.toContain("secret");
      expect(proxy.pending).toEqual([]);
    }
    expect(other.seen).toEqual([]);
  });
});

describe("G01 G28 an answer that gets lost leads to a question", () => {
  test.each(["input", "start", "look", "read"])(
    "G28 that of the kernel to `%s`: the command ran once, and its result is whole",
    async (verb) => {
      const size = 4_000_000;
      const script = shell(`cat; echo x >> lost-${verb}; sleep 0.3; head -c ${size} /dev/zero`);
      const lost = proxy.disturb(new RegExp(`^kernel ${verb}$`), { kind: "lose" });
      const { stdout, exitCode } = await shared.exec(script, { stdin: Buffer.from("given ") });
      await lost.met;
      expect([textOf(stdout.subarray(0, 6)), stdout.length, exitCode]).toEqual(["given ", 6 + size, 0]);
      expect(await lines(`lost-${verb}`)).toEqual(["x"]);
    },
  );

  test("G28 with every answer lost the outcome is an error, and the command ran once", async () => {
    proxy.disturb(/^kernel start$/, { kind: "lose" }, 100);
    const error = await rejection(shared.exec(shell("echo x >> never-told")), ConnectError);
    expect(error.code).toBe("connection-lost");
    expect(await lines("never-told")).toEqual(["x"]);
  });

  test("G28 that to the request for a kernel, and to a file: there is one session, and the file is as it should be", async () => {
    await using connector = connect();
    const path = join(lab.home, "pushed");
    const before = (await lab.kernels()).length;
    proxy.disturb(/^POST .*sessions/, { kind: "lose" });
    proxy.disturb(/^PUT .*contents/, { kind: "lose" });
    proxy.disturb(/^kernel make/, { kind: "lose" });
    await connector.push(Buffer.from("content"), path);
    expect(proxy.pending).toEqual([]);
    expect(await readFile(path, "utf8")).toBe("content");
    expect(await lab.kernels()).toHaveLength(before + 1);
  });

  test.each(runtimes)("G01 a call of %s whose answers get lost runs once", async (runtime) => {
    const client = new RemoteClient(shared, { runtime });
    const effects = new Effects(lab.home);
    proxy.disturb(/^kernel start$/, { kind: "lose" }, 2);
    expect((await effects.call(client, runtime, "arrived")).value).toBe("arrived");
    expect(proxy.pending).toEqual([]);
    expect(await effects.runs()).toHaveLength(1);
  });
});

describe("G38 what comes late is waited for", () => {
  /** Deadlines go by the client's clock, as timers do: it can be put forward. */
  function useOwnClock(): void {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"], shouldAdvanceTime: true });
    vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
      const control = new AbortController();
      setTimeout(() => control.abort(new DOMException("", "TimeoutError")), milliseconds).unref();
      return control.signal;
    });
  }

  test("G38 a kernel that is silent for 60 s is asked again; the command ran once", async () => {
    await shared.exec(["true"]);
    useOwnClock();
    const silent = proxy.disturb(/^kernel start$/, { kind: "withhold" });
    const running = shared.exec(shell("echo x >> silent; echo late"));
    await silent.met;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(textOf((await running).stdout)).toBe("late\n");
    expect(await lines("silent")).toEqual(["x"]);
  });

  test("G38 an answer that comes after 59 s is taken, without a second question", async () => {
    await shared.exec(["true"]);
    useOwnClock();
    const arrival = Promise.withResolvers<void>();
    const late = proxy.disturb(/^kernel start$/, { kind: "after", act: () => arrival.promise });
    const running = shared.exec(shell("echo x >> after-all; echo late"));
    await late.met;
    const before = proxy.requests.length;
    await vi.advanceTimersByTimeAsync(59_000);
    arrival.resolve();
    expect(textOf((await running).stdout)).toBe("late\n");
    expect(proxy.requests.slice(before)).toEqual([]);
    expect(await lines("after-all")).toEqual(["x"]);
  });

  test("G38 a result's file that the server shows 60 s late is delivered", async () => {
    const content = Buffer.alloc(300_000, "late ");
    const path = join(lab.home, "late-file");
    await shared.push(content, path);
    useOwnClock();
    const missing = proxy.disturb(/^GET .*files.*out$/, { kind: "status", status: 404 }, Number.POSITIVE_INFINITY);
    const pulling = pulled(shared, path);
    await missing.met;
    const begin = performance.now();
    // The client's clock runs fifty times as fast as the server's while the file is not to be seen.
    const hasten = setInterval(() => {
      if (performance.now() - begin >= 60_000) proxy.calm();
      vi.advanceTimersByTime(500);
    }, 10);
    try {
      expect((await pulling).equals(content)).toBe(true);
    } finally {
      clearInterval(hasten);
    }
    expect(performance.now() - begin).toBeGreaterThanOrEqual(60_000);
  });
});

describe("G19 a damaged answer is never taken for a result", () => {
  /** Flips a bit at a place between the beginning and the end of what the kernel says. */
  const flipAt =
    (place: number, bit: number) =>
    (content: Buffer): Buffer => {
      const begin = content.indexOf('"text/plain"') + 16;
      const changed = Buffer.from(content);
      const at = begin + Math.floor((changed.lastIndexOf("'") - begin) * place);
      changed[at]! ^= 1 << bit;
      return changed;
    };

  test("G19 one bit of the kernel's answer is flipped: it is asked for again, the result is exact, and the command ran once", async () => {
    const expected = Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 7) % 251));
    // Low bits make other digits of base64 and JSON, which only a checksum tells from the right ones.
    for (const [index, place] of [0, 0.2, 0.5, 0.8, 0.99].entries()) {
      const damaged = proxy.disturb(/^kernel start$/, { kind: "change", change: flipAt(place, index % 3) });
      const { stdout } = await shared.exec(shell(`echo ${index} >> flipped; cat`), { stdin: expected });
      await damaged.met;
      expect(Buffer.from(stdout).equals(expected), `at ${place}`).toBe(true);
    }
    expect(await lines("flipped")).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("G19 an answer of the kernel that is cut, or shortened though it looks whole, is asked for again", async () => {
    const shortened = (content: Buffer): Buffer => Buffer.from(content.toString().replace(/[A-Za-z0-9+/]{400}/, ""));
    for (const [index, fate] of ([{ kind: "cut" }, { kind: "change", change: shortened }] as const).entries()) {
      const damaged = proxy.disturb(/^kernel start$/, fate);
      const { stdout } = await shared.exec(shell(`echo ${index} >> cut; head -c 3000 /dev/zero | tr '\\0' x`));
      await damaged.met;
      expect(textOf(stdout)).toBe("x".repeat(3000));
    }
    expect(await lines("cut")).toEqual(["0", "1"]);
  });

  test("G19 a file that is cut on the way is asked for again; one that is damaged is an error, and no file appears", async () => {
    const content = Buffer.alloc(300_000, "whole ");
    const path = join(lab.home, "whole");
    await shared.push(content, path);
    const cut = proxy.disturb(/^GET .*files.*out$/, { kind: "cut" });
    expect((await pulled(shared, path)).equals(content)).toBe(true);
    await cut.met;
    const middle = 150_000;
    const change = (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(0, middle), Buffer.from("X"), bytes.subarray(middle + 1)]);
    const damaged = proxy.disturb(/^GET .*files.*out$/, { kind: "change", change });
    const target = join(lab.home, "pulled");
    expect((await rejection(shared.pull(path, { path: target }), TransferError)).code).toBe("transfer-failed");
    await damaged.met;
    expect((await readdir(lab.home)).filter((name) => name.includes("pulled"))).toEqual([]);
  });

  test("G19 an answer about sessions that is shortened is an error, not a kernel", async () => {
    await using connector = connect();
    proxy.disturb(/^POST .*sessions/, { kind: "change", change: (content) => content.subarray(0, content.length / 2) });
    await rejection(connector.exec(["true"]));
    expect(proxy.pending).toEqual([]);
    expect((await connector.exec(shell("exit 3"))).exitCode).toBe(3);
  });
});

describe("G07 what is made on the host", () => {
  test("G07 files are 0600 in a directory of the user's with mode 0700, while they come and go", async () => {
    const content = Buffer.alloc(100_000, "private ");
    const source = join(lab.home, "source");
    await using connector = connect();
    const seen: { name: string; uid: number; mode: number; isDirectory: boolean }[] = [];
    const look = async (): Promise<void> => {
      const [work] = (await readdir(lab.home)).filter((name) => name.startsWith("sremote-rest-") && !others.includes(name));
      for (const name of ["", ...(await readdir(join(lab.home, work!), { recursive: true }))]) {
        const found = await stat(join(lab.home, work!, name));
        seen.push({
          name: name.replace(/[0-9a-f]{16}/, "ID"),
          uid: found.uid,
          mode: found.mode & 0o7777,
          isDirectory: found.isDirectory(),
        });
      }
    };
    const others = await readdir(lab.home);
    proxy.disturb(/^PUT /, { kind: "after", act: look });
    await connector.push(content, source);
    const answers = proxy.disturb(/^GET .*files.*out$/, { kind: "after", act: look });
    expect((await pulled(connector, source)).equals(content)).toBe(true);
    await answers.met;
    // The script with its input, as the server wrote it; the results.
    expect(seen.map(({ name }) => name)).toEqual(expect.arrayContaining(["", "ID.sh", "ID", "ID/rc", "ID/out"]));
    for (const each of seen) expect(each).toEqual({ ...each, uid: process.getuid!(), mode: each.isDirectory ? 0o700 : 0o600 });
    expect((await stat(source)).mode & 0o7777).toBe(0o600);
  });

  test("G07 directories that another user planted where they might be expected are not used", async () => {
    const others = await readdir(lab.home);
    await using before = connect();
    await before.push(new Uint8Array(1), join(lab.home, "first"));
    const earlier = (await readdir(lab.home)).filter((name) => name.startsWith("sremote-rest-") && !others.includes(name));
    expect(earlier).toHaveLength(1);
    await before.close();
    const planted = [...earlier, "sremote-rest", "sremote-rest-", "sremote-rest-000000000000000000000000", ".sremote-rest"];
    for (const name of planted) {
      const path = join(lab.home, name);
      await mkdir(path, { recursive: true });
      await chown(path, nobody, nobody);
      await run("chmod", ["0777", path]);
    }
    await using connector = connect();
    let used: string[] = [];
    proxy.disturb(/^PUT /, { kind: "after", act: async () => void (used = await readdir(lab.home)) });
    await connector.push(new Uint8Array(1), join(lab.home, "second"));
    const own = used.filter((name) => name.startsWith("sremote-rest-") && ![...others, ...planted].includes(name));
    expect(own).toEqual([expect.stringMatching(/^sremote-rest-[0-9a-f]{24}$/)]);
    for (const name of planted) {
      expect(await readdir(join(lab.home, name))).toEqual([]);
      expect((await stat(join(lab.home, name))).uid).toBe(nobody);
    }
  });
});
