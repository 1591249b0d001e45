import { existsSync } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultSerializer, RemoteClient } from "@sremote/client";
import { InvalidArgumentError } from "@sremote/protocol";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { mainKinds, stopSshd, type TestHost, withRuntimes } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

/** Over pipes and over files the request is the same. */
const kinds = mainKinds.filter(({ name }) => isNightly || name !== "local without sessions");

describe.each(withRuntimes(kinds))("configuration, $name", ({ kind, runtime }) => {
  let host: TestHost;
  let client: RemoteClient;
  beforeEach(async () => {
    host = await kind.start();
    client = new RemoteClient(host.connector, { runtime });
  });
  afterEach(async () => {
    await client.close();
    await host[Symbol.asyncDispose]();
  });

  const variable = async (name: string, options = {}): Promise<unknown> =>
    runtime === "python"
      ? (await client.doRemoteCall("os", "getenv", [name], options)).value
      : (await client.doRemoteCall("node:child_process", "execSync", [`printf %s "$${name}"`, { encoding: "utf8" }], options)).value ||
        null;

  test("registered variables and paths reach every call; a call's own win; onlyIfUnset keeps the host's", async () => {
    client.registerRemoteEnvVariable("SAMPLE", 'it\'s "quoted" $HOME\n');
    expect(await variable("SAMPLE")).toBe('it\'s "quoted" $HOME\n');
    expect(await variable("SAMPLE", { env: { SAMPLE: "own" } })).toBe("own");
    client.registerRemoteEnvVariable("HOME", "/elsewhere", { onlyIfUnset: true });
    client.registerRemoteEnvVariable("UNSET", "now set", { onlyIfUnset: true });
    expect(await variable("HOME")).toBe(host.home);
    expect(await variable("UNSET")).toBe("now set");
    client.registerRemoteEnvPath("/opt/sample/bin");
    expect(await variable("PATH")).toMatch(/:\/opt\/sample\/bin$/);
  });

  test("working and temporary directory are made, below the home directory where relative", async () => {
    client.setPwdDir(join(host.home, "a b/work"));
    expect(await client.getPwd()).toBe(join(host.home, "a b/work"));
    expect((await stat(join(host.home, "a b/work"))).mode & 0o777).toBe(0o700);
    client.setPwdAtHomeDir("other");
    expect(await client.getPwd()).toBe(join(host.home, "other"));
    client.setTmpAtHomeDir("scratch");
    expect(await variable("TMPDIR")).toBe(join(host.home, "scratch"));
    expect((await stat(join(host.home, "scratch"))).mode & 0o777).toBe(0o700);
    client.setTmpDir(join(host.home, "scratch2"));
    expect(await variable("TMPDIR")).toBe(join(host.home, "scratch2"));
  });

  /** The base directory that a call is told, where calls over files have their endpoint and sessions leave nothing. */
  const base = async (): Promise<string> => {
    const [module, fn] = runtime === "python" ? (["os", "getcwd"] as const) : (["node:process", "cwd"] as const);
    const told = (await client.doRemoteCall(module, fn)).host.base;
    expect(await variable("SREMOTE_BASE")).toBe(told);
    if (kind.carriage === "session") expect(existsSync(told)).toBe(false);
    else expect((await readdir(told)).toSorted()).toEqual(expect.arrayContaining(["calls", "endpoint", "tmp"]));
    return told;
  };

  test("the base directory can be moved", async () => {
    client.setSremoteDir("my base");
    expect(await base()).toBe(join(host.home, "my base"));
    client.setSremoteDir(join(host.home, "absolute"));
    expect(await base()).toBe(join(host.home, "absolute"));
    expect(existsSync(join(host.home, ".sremote"))).toBe(false);
  });

  test("self discovery takes the directories of the seed's examples, and leaves the configuration alone without a valid file", async () => {
    expect(await client.doSelfDiscovery()).toMatchObject({ found: false });
    const locate = async (name: string, content: string): Promise<void> => {
      await mkdir(join(host.home, ".sremote"), { recursive: true, mode: 0o755 });
      await writeFile(join(host.home, ".sremote", name), content);
    };
    await locate(
      ".location",
      JSON.stringify({ sremote: `${host.home}/found/`, absolute_tmp: `${host.home}/scratch`, relative_pwd: "work" }),
    );
    expect(await client.doSelfDiscovery()).toMatchObject({ found: true });
    expect(await client.getPwd()).toBe(join(host.home, "work"));
    expect(await variable("TMPDIR")).toBe(join(host.home, "scratch"));
    expect(await base()).toBe(join(host.home, "found"));

    await locate("relative", JSON.stringify({ sremote: `${host.home}/found/`, absolute_tmp: "sremote_tmp" }));
    expect(await client.doSelfDiscovery("relative")).toMatchObject({ found: true });
    expect(await variable("TMPDIR")).toBe(join(host.home, "sremote_tmp"));

    for (const [name, content] of [
      ["broken", "{"],
      ["list", "[]"],
      ["nothing", "{}"],
      ["number", '{"sremote": 1}'],
    ] as const) {
      await locate(name, content);
      expect(await client.doSelfDiscovery(name), name).toMatchObject({ found: false });
      expect(await variable("TMPDIR"), name).toBe(join(host.home, "sremote_tmp"));
    }
    await rejection(client.doSelfDiscovery("../x"), InvalidArgumentError);
  });

  test("loginEnv loads the login environment, whatever it prints", async () => {
    await writeFile(join(host.home, ".profile"), "echo noise; echo noise >&2; export FROM_PROFILE=yes\n");
    await writeFile(join(host.home, ".bash_profile"), ". ~/.profile\n");
    expect(await variable("FROM_PROFILE")).toBe(null);
    expect(await variable("FROM_PROFILE", { loginEnv: true })).toBe("yes");
    const result =
      runtime === "python"
        ? await client.doRemoteCall("os", "getcwd", [], { loginEnv: true })
        : await client.doRemoteCall("node:process", "cwd", [], { loginEnv: true });
    expect(result).toMatchObject({ stdout: "", stderr: "", value: host.home });
  });

  // What the client does by itself.
  if (isNightly || kind.name === "local") {
    test("the serializer can be replaced", async () => {
      client.setSerializer({
        encode: (value, root, attachments) => defaultSerializer.encode(value, root, attachments),
        decode: (value, attachments) => ({ decoded: defaultSerializer.decode(value, attachments) }),
      });
      const { value } =
        runtime === "python"
          ? await client.doRemoteCall("builtins", "str", ["x"])
          : await client.doRemoteCall("node:path", "basename", ["/a/x"]);
      expect(value).toEqual({ decoded: "x" });
    });

    test("a module can be used as an object", async () => {
      if (runtime === "python") {
        const os = client.module("os");
        expect(await os["path"]!["join"]!("a", "b")).toBe("a/b");
        expect(await os["getcwd"]!()).toBe(host.home);
      } else {
        const path = client.module("node:path");
        expect(await path["join"]!("a", "b")).toBe("a/b");
        expect(await path["posix"]!["join"]!("a", "b")).toBe("a/b");
      }
    });
  }

  test("status tells whether the host can be reached; a closed client says so", async () => {
    expect(await client.status()).toMatchObject({ ok: true });
    const report = await client.probe();
    expect(report).toMatchObject({ home: host.home, base: join(host.home, ".sremote"), installed: false, rejected: [] });
    expect(report.python.some((each) => each.usable)).toBe(true);
    await client.close();
    await expect(client.getPwd()).rejects.toMatchObject({ code: "closed" });
  });
});
