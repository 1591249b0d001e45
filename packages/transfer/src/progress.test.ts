import { expect, test } from "vitest";
import { Progress, type TransferProgress } from "./progress.ts";
import { formatBytes, formatProgress, progressBar } from "./render-progress.ts";

test("progress is told at most every 100 ms, and at the end", () => {
  let now = 1000;
  const told: TransferProgress[] = [];
  const progress = new Progress(
    (each) => told.push(each),
    () => now,
  );
  progress.filesTotal = 2;
  progress.bytesTotal = 1000;
  for (let step = 0; step < 50; step++) {
    now += 10;
    progress.add(10);
  }
  expect(told.map(({ bytes }) => bytes)).toEqual([10, 110, 210, 310, 410]);
  expect(told.at(-1)).toMatchObject({ rate: 1000, eta: 590 });
  progress.filesDone(2, "last");
  progress.add(500);
  progress.end();
  expect(told.at(-1)).toMatchObject({ files: 2, filesTotal: 2, bytes: 1000, bytesTotal: 1000, eta: 0, path: "last" });
});

test("without a rate there is no time that remains", () => {
  const told: TransferProgress[] = [];
  const progress = new Progress(
    (each) => told.push(each),
    () => 0,
  );
  progress.bytesTotal = 10;
  progress.end();
  expect(told).toMatchObject([{ rate: 0, eta: null }]);
});

test("bytes are told with three digits", () => {
  expect([0, 999, 1000, 1500, 99_950, 999_499, 999_500, 2 ** 30, 5e15].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "1.5 kB",
    "100 kB",
    "999 kB",
    "1.0 MB",
    "1.1 GB",
    "5000 TB",
  ]);
});

const some = { files: 1, filesTotal: 3, bytes: 500_000, bytesTotal: 2_000_000, rate: 250_000, eta: 6000, path: "a/\u001b[2Jb" };

test("a line holds what fits, and nothing that moves the cursor", () => {
  expect(formatProgress(some)).toBe(" 25 %  500 kB of 2.0 MB  1/3 files  250 kB/s  6s  a/?[2Jb");
  expect(formatProgress(some, 20)).toBe(" 25 %  500 kB of 2.0");
  expect(formatProgress({ ...some, path: "long/".repeat(20) }).length).toBe(80);
});

test("the bar is written over on a terminal, and absent elsewhere", () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text), isTTY: true, columns: 60 };
  const bar = progressBar({ writeTo: stream, label: "node1" });
  bar(some);
  bar.end();
  expect(written).toEqual(["\rnode1:  25 %  500 kB of 2.0 MB  1/3 files  250 kB/s  6s\u001b[K", "\n"]);
  const silent = progressBar({ writeTo: { ...stream, isTTY: false } });
  silent(some);
  silent.end();
  expect(written).toHaveLength(2);
});
