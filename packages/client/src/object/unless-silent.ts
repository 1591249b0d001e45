/* Waiting for the host's word without a deadline, but not for a host that is gone. */
import { settledWithin } from "@sremote/connectors";
import type { HostSession } from "../call/place.ts";

/** Milliseconds within which a host that is there gives a sign of life when it is asked, as for {@link Call.cancel}. */
const patience = 5000;

/** Whether the work has settled; false as soon as the host gave no sign of life within five seconds. */
export async function settledUnlessSilent(work: Promise<unknown>, session: HostSession): Promise<boolean> {
  for (;;) {
    const hasAnswered = session.askForSign();
    if (await settledWithin(work, patience)) return true;
    if (session.isOver || !hasAnswered()) return false;
  }
}
