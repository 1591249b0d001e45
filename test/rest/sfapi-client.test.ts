/* NERSC's own client, sfapi_client from PyPI, drives the stub of the Superfacility API: an independent witness of what the stub should be. */
import { expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { ensureSfapiClient, sfapiPython } from "../../scripts/setup-sfapi.ts";
import { peaceful } from "../stubs/hostile-server.ts";
import { SfapiStub } from "../stubs/sfapi-stub.ts";

const program = `
import io, json, os, sys
from sfapi_client import Client
from sfapi_client.compute import Machine
from sfapi_client.exceptions import SfApiError
given = json.load(sys.stdin)
told = {}
with Client(api_base_url=given["api"]) as anybody:
    told["status"] = anybody.resources.status("perlmutter").status.value
with Client(given["id"], given["key"], api_base_url=given["api"], token_url=given["tokens"], wait_interval=1) as client:
    machine = client.compute(Machine.perlmutter)
    told["quotes"] = machine.run("bash -lc 'echo \\"it is\\"   $((40 + 2)); exit 0'")
    told["words"] = machine.run(["/bin/echo", "a", "b\\\\ c"])
    try:
        machine.run("bash -lc 'echo trouble >&2; exit 3'")
    except SfApiError as error:
        told["error"] = str(error)
    task = machine.run_task("/bin/sleep 1")
    task.update()
    told["before"] = task.status.value.lower()
    task._wait()
    told["after"] = task.status.value.lower()
    [home] = machine.ls(given["home"], directory=True)
    told["directory"] = home.is_dir()
    file = io.BytesIO(b"content\\0\\xff")
    file.filename = "file"
    path = home.upload(file)
    told["names"] = [each.name for each in machine.ls(given["home"])]
    told["content"] = list(path.download(binary=True).read())
print(json.dumps(told))
`;

test("NERSC's own client gets a token, runs tasks with quotes, sees their errors and states, lists, uploads, downloads, and reads the status without a token", async () => {
  expect(ensureSfapiClient()).toEqual([]);
  await using stub = await SfapiStub.start(peaceful);
  const input = JSON.stringify({
    api: stub.options.baseUrl,
    tokens: stub.options.tokenUrl,
    id: stub.options.clientId,
    key: stub.pem,
    home: stub.sandbox.home,
  });
  const told: unknown = JSON.parse(await run(sfapiPython, ["-W", "ignore", "-c", program], { input }));
  expect(told).toEqual({
    status: "active",
    quotes: "it is 42\n",
    words: "a b c\n",
    error: "trouble\n",
    before: "new",
    after: "completed",
    directory: true,
    names: ["file"],
    content: [...Buffer.from("content\0"), 0xff],
  });
  expect([stub.published.violations, stub.tokens.refusals]).toEqual([[], []]);
});
