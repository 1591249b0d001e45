/* A zip of a few files (APPNOTE.TXT, 4.3), the same bytes for the same contents. */
import { crc32 } from "node:zlib";
import { deflateOnce } from "./deflate-once.ts";

/** The earliest time that a zip can hold: the first day of 1980. */
const date = 0x21;
const deflated = 8;
const version = 20;
const unix = 3;
/** A plain file that everybody may read. */
const mode = 0o100644;

export function zip(members: readonly (readonly [name: string, content: Uint8Array])[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of members) {
    const data = deflateOnce(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(version, 0);
    common.writeUInt16LE(deflated, 4);
    common.writeUInt16LE(date, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = [Buffer.from("PK\u0003\u0004"), common, Buffer.from(name), Buffer.from(data)];
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(mode * 0x1_00_00, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\u0001\u0002"), Buffer.from([version, unix]), common, rest, Buffer.from(name));
    parts.push(...local);
    offset += local.reduce((sum, { length }) => sum + length, 0);
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(members.length, 4);
  end.writeUInt16LE(members.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...directory, Buffer.from("PK\u0005\u0006"), end]);
}
