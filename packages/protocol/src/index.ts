export { ByteList } from "./byte-list.ts";
export * from "./code.ts";
export { decodeMessage, encodeMessage, type DecodedMessage } from "./codec.ts";
export { cutFailure } from "./cut-failure.ts";
export { crc32, useCrc32, type Crc32 } from "./crc32.ts";
export {
  dtypes,
  dtypeOf,
  isDtype,
  type Dtype,
  type DtypeFacts,
  type TimeDtype,
  type TimeUnit,
  type TypedArray,
  type TypedArrayConstructor,
} from "./dtype.ts";
export { parseDuration, type Duration, type DurationOptions } from "./duration.ts";
export * from "./error.ts";
export { checkOptionNames, unknownOption, type OptionNames } from "./known-options.ts";
export { nearNames } from "./near-name.ts";
export { formatDuration } from "./format-duration.ts";
export {
  allocatedFirst,
  checksumBytes,
  decodeFrame,
  encodeFrame,
  enlarge,
  prefixBytes,
  peekPrefix,
  readPrefix,
  type DecodedFrame,
  type FrameOptions,
  type Prefix,
} from "./frame.ts";
export * from "./frame-decoder.ts";
export { parseHeader, type ParsedHeader } from "./header.ts";
export { jsonShape, parseForeignJson, type JsonShape } from "./json-memory.ts";
export { checkConstruction, checkFunction, checkList, checkObject, checkString } from "./argument-kinds.ts";
export { given } from "./given.ts";
export { hostError, hostText, type HostTextOptions } from "./host-text.ts";
export * from "./host-limits.ts";
export * from "./limits.ts";
export * from "./marker.ts";
export * from "./message.ts";
export { NdArray, type Element, type Nested, type NdArrayOptions, type Order } from "./ndarray.ts";
export { float, int, type PythonNumber } from "./python-number.ts";
export * from "./session/packet.ts";
export { proofText, type ProofFacts, type Prover } from "./session/proof.ts";
export { PacketReader } from "./session/packet-reader.ts";
export { Receipt, Replay } from "./session/replay.ts";
export * from "./session/session-codec.ts";
export * from "./session/session-message.ts";
export { DeadlineTimer } from "./deadline-timer.ts";
export { Column, type ColumnLabel } from "./table/column.ts";
export type { Cell, ColumnOptions, ColumnValues } from "./table/column-options.ts";
export type { ColumnType, TextType } from "./table/column-type.ts";
export type { ArrowData, ArrowTable, ArrowType, ArrowVector } from "./arrow/arrow-types.ts";
export { tableFromArrow } from "./arrow/from-arrow.ts";
export { toArrow, type ArrowModule } from "./arrow/to-arrow.ts";
export { copyTable } from "./table/copy-table.ts";
export { Table, type Row, type TableColumns, type TableForm, type TableLibrary, type TableOptions } from "./table/table.ts";
export { Attachments } from "./value/attachments.ts";
export { decodeValue, type DecodeOptions } from "./value/decode.ts";
export { encodeValue, type CustomValue, type EncodeOptions } from "./value/encode.ts";
export { describePath, escapeName, type Step } from "./value/path.ts";
export type { RemoteErrorValue } from "./value/restore.ts";
export { UnserializableError, type UnserializableErrorOptions } from "./value/unserializable-error.ts";
