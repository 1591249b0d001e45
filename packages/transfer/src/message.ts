/**
 * The types of messages between the client and the host's program, by what they hold: see WIRE.md. Each is one byte, a letter, so that a dump can be read.
 * transfer_wire.py has the same.
 */
export const messages = {
  request: "J",
  items: "I",
  files: "S",
  file: "F",
  data: "D",
  fileEnd: "E",
  fileDropped: "X",
  part: "P",
  actions: "A",
  listing: "L",
  digests: "H",
  report: "R",
  end: "Z",
} as const;

export type MessageType = (typeof messages)[keyof typeof messages];
