/* Every limit of a header, a value and a failure at n − 1, n and n + 1. Sizes of frames and packets are in wires.ts, whole megabytes in the vectors. */
import { ofText, type Input } from "./input.ts";

const around = (limit: number): number[] => [limit - 1, limit, limit + 1];
const nested = (depth: number, innermost = ""): string => "[".repeat(depth) + innermost + "]".repeat(depth);

function value(json: string, tree?: string, attachments: readonly Buffer[] = []): Input {
  return ofText("value", tree === undefined ? `{"json":${json}}` : `{"json":${json},"meta":{"values":${tree},"v":1}}`, attachments);
}

/** Failures in each other. */
function failure(depth: number, name: string): string {
  const one = '"code":"raised","stage":"call","message":"m"';
  const list = name === "exceptions";
  return `{${one},"${name}":${list ? "[" : ""}`.repeat(depth - 1) + `{${one}}` + `${list ? "]" : ""}}`.repeat(depth - 1);
}

const annotated = (type: string, text: string): Input => value(JSON.stringify(text), `["${type}"]`);

function array(facts: string, bytes: number, kind = "ndarray"): Input {
  return value(`{"index":0,${facts}}`, `[["custom","${kind}"]]`, [Buffer.alloc(bytes)]);
}

/** All of them. Each has one thing that may be wrong. */
export function limitInputs(): Input[] {
  return [
    ...around(264).map((depth) => ofText("header", nested(depth))),
    ...around(264).map((depth) => ofText("header", '{"a":'.repeat(depth) + "1" + "}".repeat(depth))),
    ...around(64).flatMap((length) => [
      ofText("header", `[${"1".padEnd(length, "0")}.0]`.replace(/.{3}\]$/, ".0]")),
      ofText("header", `1.${"5".repeat(length - 2)}`),
      ofText("header", `1e-${"1".repeat(length - 3)}`),
      annotated("number", `1.${"5".repeat(length - 2)}`),
      annotated("number", `-${"1".repeat(length - 1)}`),
    ]),
    ...around(2 ** 53 - 1).flatMap((number) => [ofText("header", String(number)), ofText("header", `-${number}`)]),
    ...["-0", "-0.0", "-0e0", "0.0", "1e308", "1e309", "-1e309", "1e-400", "1E5", "01", "1.", ".5", "+1", "1e", "- 1"].flatMap((number) => [
      ofText("header", number),
      annotated("number", number),
    ]),
    ...around(256).flatMap((depth) => [
      value(nested(depth)),
      value(nested(depth, "null"), `{${JSON.stringify("0.".repeat(depth).slice(0, -1))}:["undefined"]}`),
      value(nested(Math.min(depth, 255), "null"), `{${JSON.stringify("0.".repeat(depth).slice(0, -1))}:["undefined"]}`),
    ]),
    // An annotation in an annotation is two deep.
    ...around(128).map((depth) => value(nested(depth), `${'["set",{"0":'.repeat(depth - 1)}["set"]${"}]".repeat(depth - 1)}`)),
    ...around(4300).flatMap((digits) => [annotated("bigint", "1".repeat(digits)), annotated("bigint", `-${"9".repeat(digits)}`)]),
    ...["0000-12-31", "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-29", "2024-02-29", "2026-13-01", "2026-00-01"].map((day) =>
      annotated("Date", `${day}T00:00:00.000Z`),
    ),
    ...[
      "23:59:59.999",
      "24:00:00.000",
      "23:60:00.000",
      "23:59:60.000",
      "00:00:00.00",
      "00:00:00.0000",
      "00:00:00.999999",
      "00:00:00.000000",
    ].map((time) => annotated("Date", `2026-02-28T${time}Z`)),
    ...around(32).map((dimensions) => array(`"dtype":"int8","order":"C","shape":[${"1,".repeat(dimensions).slice(0, -1)}]`, 1)),
    ...[0, 7, 8, 9, 16].flatMap((bytes) => [
      array('"dtype":"float64","order":"C","shape":[1]', bytes),
      array('"dtype":"float64"', bytes, "typed-array"),
    ]),
    ...["[9007199254740993,0]", "[9007199254740992,4294967296]", "[4294967296,4294967296]", "[0,-1]", "[1.5]"].map((shape) =>
      array(`"dtype":"int8","order":"C","shape":${shape}`, 0),
    ),
    ...around(64).flatMap((depth) =>
      ["cause", "context", "exceptions"].map((name) => ofText("bye", `{"type":"bye","error":${failure(depth, name)}}`)),
    ),
    ...around(32).map((count) => {
      const members = Array.from({ length: count }, (_, at) => `"m${at}":1`).join(",");
      return ofText("bye", `{"type":"bye","error":{"code":"raised","stage":"call","message":"","members":{${members}}}}`);
    }),
    ...[0, 1, 1024, 1025].map((workers) =>
      ofText("hello", `{"type":"hello","protocol":1,"token":"${"a".repeat(32)}","workers":${workers},"leaseMs":0,"heartbeatMs":0}`),
    ),
    ...[31, 32, 33].map((digits) =>
      ofText("hello", `{"type":"hello","protocol":1,"token":"${"a".repeat(digits)}","workers":1,"leaseMs":0,"heartbeatMs":0}`),
    ),
    ...around(64).map((digits) => ofText("resume", `{"type":"resume","nonce":"${"0".repeat(digits)}"}`)),
    ...around(2 ** 53 - 1).map((count) => ofText("proof", `{"type":"proof","received":${count},"proof":"${"0".repeat(64)}"}`)),
  ];
}
