/*
 * G08 What lies where a login starts, or what the user set for Python and Node, is code of nobody we know: no program that a client starts on a host
 * runs it. Modules with the names of all of Python's own stand there, and files that Node would load.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, local } from "@sremote/connectors";
import { encodePacket, packetKinds, type WelcomeMessage } from "@sremote/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attachCommand, launchCommand, payloadOf, sessionCommand, sessionPayloadOf } from "../../packages/client/src/host/launch.ts";
import { newMarker } from "../../packages/client/src/host/marker.ts";
import { probeHost } from "../../packages/client/src/host/probe.ts";
import { program, startProgram } from "../../packages/transfer/src/host-program.ts";
import { hostPath, runtimes } from "../support/hosts.ts";

let home: string;
let env: Record<string, string>;
const trap = (): string => join(home, "ran");

beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "shadowed-")));
  const list = "import sys; print(*sys.stdlib_module_names, *('sitecustomize', 'usercustomize', 'importlib_metadata'))";
  const names = spawnSync("/usr/bin/python3", ["-I", "-c", list], { encoding: "utf8" }).stdout.trim().split(" ");
  expect(names.length).toBeGreaterThan(200);
  for (const name of names) writeFileSync(join(home, `${name}.py`), `open(${JSON.stringify(trap())}, "a").write(__name__ + " ")\n`);
  const javascript = `require("node:fs").appendFileSync(${JSON.stringify(trap())}, __filename + " ");\n`;
  mkdirSync(join(home, "preload"));
  writeFileSync(join(home, "preload/trap.cjs"), javascript);
  writeFileSync(join(home, "preload/package.json"), "{}");
  for (const name of ["fs", "net", "path", "crypto", "sremote"]) {
    mkdirSync(join(home, "node_modules", name), { recursive: true });
    writeFileSync(join(home, `${name}.js`), javascript);
    writeFileSync(join(home, "node_modules", name, "index.js"), javascript);
  }
  writeFileSync(join(home, "package.json"), '{ "type": "module", "imports": ');
  env = {
    HOME: home,
    PATH: hostPath,
    PYTHONPATH: home,
    PYTHONSTARTUP: join(home, "os.py"),
    NODE_OPTIONS: `--require ${join(home, "preload/trap.cjs")}`,
    NODE_PATH: home,
  };
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function start(command: Command, input: Uint8Array): string {
  const [file, ...args] = "shell" in command ? (["sh", "-c", command.shell] as const) : command;
  return spawnSync(file, args, { cwd: home, env, input, encoding: "latin1" }).stdout;
}

const executable = { python: "/usr/bin/python3", node: process.execPath };
const nothing = new Uint8Array(0);

function expectUntouched(): void {
  expect(existsSync(trap()) ? readFileSync(trap(), "utf8") : "").toBe("");
}

test.each(runtimes)("the programs of %s that start an endpoint, and attach to one", async (runtime) => {
  const marker = newMarker();
  const began = marker[1] + marker[0];
  const place = { marker, base: join(home, "base"), interpreter: executable[runtime], runtime };
  const host = { runtime, executable: executable[runtime] } as WelcomeMessage["host"];
  const welcome: WelcomeMessage = { type: "welcome", protocol: 1, attach: join(home, "none/s"), host };
  expect(start(attachCommand(welcome, marker), nothing)).toBe(`${began}N\nreason=session\n`);
  // One that is refused, so that no function's process starts: that has the user's settings.
  const hello = encodePacket(packetKinds.hello, 0, [Buffer.from('{"type":"hello","protocol":2}')]);
  const session = start(sessionCommand({ ...place, demand: false }), Buffer.concat([sessionPayloadOf(runtime).bytes, ...hello]));
  expect(session.startsWith(began)).toBe(true);
  expect(session).toContain("protocol-mismatch");
  expect(start(launchCommand({ ...place, mode: "stage", endpoint: [] }), payloadOf(runtime).bytes)).toContain(`${began}I\n`);
  expectUntouched();
});

test("the probe, and the program for transfers", async () => {
  await using connector = local({ cwd: home, env });
  const report = await probeHost(connector, { base: join(home, "base"), runtime: undefined });
  expect(report.python.length * report.node.length).toBeGreaterThan(0);
  const { script, marker } = startProgram();
  expect(start({ shell: script("") }, program())).toContain(`${marker}+`);
  expectUntouched();
});

test("the trap itself", () => {
  spawnSync("/usr/bin/python3", ["-c", "import socket"], { cwd: home, env: { PATH: hostPath } });
  spawnSync(process.execPath, ["-e", "1"], { cwd: join(home, "preload"), env });
  expect(readFileSync(trap(), "utf8")).toMatch(/socket .*trap\.cjs/);
});
