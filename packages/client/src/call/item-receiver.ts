/* What takes the results of a call with many items, as they come. */
import type { Attachments, ItemFailure, WireValue } from "@sremote/protocol";

/** What the host says of items: a part, a result or a reply. */
export interface ItemMessage {
  readonly value?: WireValue;
  readonly failures?: readonly ItemFailure[];
  readonly begun?: number;
}

export interface ItemReceiver {
  /** @throws ProtocolError for what was not asked for */
  take(message: ItemMessage, attachments: Attachments): void;
}
