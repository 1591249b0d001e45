/* A data frame of a million rows to the client and back. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "@sremote/protocol";
import { ensureTables, tablesPython } from "../scripts/setup-tables.ts";
import { connectBare, openChannel } from "./bare.ts";
import { lengthOf } from "./bulk.ts";
import { Exchange } from "./exchange.ts";
import { against, type Figure } from "./figure.ts";
import type { Setting } from "./setting.ts";
import { interleaved, median } from "./statistics.ts";

const rows = 1_000_000;
const rounds = 5;

/** Ten columns as measurements have them; with text, one is a name. Numbers tell at the other end whether all came. */
const moduleSource = `import numpy, pandas
def make(text):
    count = numpy.arange(${rows})
    columns = {"f%d" % at: numpy.sqrt(count + at) for at in range(6)}
    columns.update(id=count, group=(count % 97).astype("i4"), ok=count % 3 == 0)
    columns["at"] = numpy.datetime64("2026-01-01", "ns") + count * numpy.timedelta64(1, "s")
    if text:
        columns["f5"] = pandas.Series(["station %d" % (at % 1000) for at in range(${rows})])
    return pandas.DataFrame(columns)
frames = {}
def get(text):
    if text not in frames:
        frames[text] = make(text)
    return frames[text]
def take(frame):
    return [len(frame), int(frame["id"].iloc[-1]), int(frame["group"].sum()), str(frame["at"].iloc[-1])]
`;

/** The same over one channel: sends a frame when it is asked for one, takes one back, and says what it has. */
const bareProgram = `import io, json, sys
import pandas, pyarrow
import bench_table
i, o = sys.stdin.buffer, sys.stdout.buffer
def send(data):
    o.write(len(data).to_bytes(8, "little"))
    o.write(data)
    o.flush()
def arrow():
    sink = pyarrow.BufferOutputStream()
    table = pyarrow.Table.from_pandas(bench_table.get(text), preserve_index=False)
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
for kind in iter(lambda: i.read(1), b""):
    text = kind in b"TC"
    send(arrow() if kind in b"NT" else bench_table.get(False).to_csv(index=False).encode())
    data = i.read(int.from_bytes(i.read(8), "little"))
    frame = pyarrow.ipc.open_stream(data).read_all().to_pandas() if kind in b"NT" else pandas.read_csv(io.BytesIO(data), parse_dates=["at"])
    send(json.dumps(bench_table.take(frame)).encode())
`;

export async function measureTables(setting: Setting): Promise<Figure[]> {
  const missing = ensureTables();
  if (missing.length > 0) throw new Error(`missing: ${missing.join(", ")}`);
  const { home } = setting.account;
  await writeFile(join(home, "bench_table.py"), moduleSource, { mode: 0o644 });
  await writeFile(join(home, "bare_table.py"), bareProgram, { mode: 0o644 });
  // By a name that the compiler does not follow: the package is there for tests and this benchmark alone.
  const packageName: string = "apache-arrow";
  const arrow = (await import(packageName)) as { tableFromIPC(bytes: Uint8Array): { numRows: number } };

  await using stack = new AsyncDisposableStack();
  const bare = stack.adopt(await connectBare(setting.lab, setting.account), (client) => void client.end());
  const channel = await openChannel(bare, `PYTHONDONTWRITEBYTECODE=1 ${tablesPython} bare_table.py`);
  const exchange = new Exchange(channel, channel);
  const client = stack.use(setting.client({ python: tablesPython }));

  const receive = async (asked: Uint8Array): Promise<Buffer> => {
    const [head] = await exchange.ask(asked, 8);
    return Buffer.concat(await exchange.ask(Buffer.alloc(0), Number(head!.readBigUInt64LE(0))));
  };
  const overChannel = async (kind: string, read: (bytes: Buffer) => Uint8Array): Promise<number> => {
    const begin = performance.now();
    const back = read(await receive(Buffer.from(kind)));
    await exchange.ask(lengthOf(back.length), 0);
    const said = await receive(back);
    const time = performance.now() - begin;
    check(JSON.parse(said.toString()));
    return time;
  };
  const overCall = async (text: boolean): Promise<number> => {
    const begin = performance.now();
    const { value } = await client.doRemoteCall<Table>("bench_table", "get", [text], { cwd: "." });
    const returned = await client.doRemoteCall("bench_table", "take", [value], { cwd: "." });
    const time = performance.now() - begin;
    check(returned.value);
    return time;
  };
  const ipc = (bytes: Buffer): Uint8Array => {
    assert.equal(arrow.tableFromIPC(bytes).numRows, rows);
    return bytes;
  };
  const times = await interleaved(
    {
      floor: () => overChannel("N", ipc),
      call: () => overCall(false),
      "floor with text": () => overChannel("T", ipc),
      "call with text": () => overCall(true),
    },
    { rounds, warmUp: 1 },
  );
  // It takes longer than all others together; once is enough to see how much.
  const csv = await overChannel("c", (bytes) => {
    assert.equal(parse(bytes.toString()).length, 10);
    return bytes;
  });
  const time = (name: string): number => median(times.get(name)!);
  const size = "1,000,000 × 10 DataFrame";
  return [
    { name: `${size} to the client and back: Arrow IPC over one ssh2 channel (floor)`, value: time("floor"), unit: "ms", role: "floor" },
    {
      name: `${size} to the client and back by two calls`,
      value: time("call"),
      unit: "ms",
      role: "headline",
      compared: [...against("floor", time("floor"), { atMost: 1.5 }), ...against("CSV", csv)],
    },
    {
      name: `${size} with a column of text, by two calls`,
      value: time("call with text"),
      unit: "ms",
      compared: against("floor", time("floor with text")),
    },
    { name: `${size} as CSV over one ssh2 channel`, value: csv, unit: "ms", compared: against("floor", time("floor")) },
  ];
}

function check(said: unknown): void {
  assert.deepEqual(said, [rows, rows - 1, 47_999_055, "2026-01-12 13:46:39"]);
}

/** Columns of a CSV file without quotes, as numbers where they are. */
function parse(text: string): unknown[][] {
  const [head, ...lines] = text.trimEnd().split("\n");
  const columns: unknown[][] = head!.split(",").map(() => []);
  for (const line of lines)
    for (const [at, cell] of line.split(",").entries()) columns[at]!.push(Number.isNaN(Number(cell)) ? cell : Number(cell));
  return columns;
}
