/* Connectors that a test opens: closed behind it, when the watchdog of each is gone. */
import type { Connector } from "@sremote/connectors";
import { afterEach } from "vitest";
import { Watchdog } from "../../packages/process/src/watchdog.ts";

/** Registers what closes them after each test of the suite that this is called in. @returns to be called with each */
export function closingOpened(): (connector: Connector) => Connector {
  const opened: Connector[] = [];
  afterEach(async () => {
    await Promise.all(
      opened.splice(0).map(async (each) => {
        await Watchdog.on(each).gone();
        await each.close();
      }),
    );
  });
  return (connector) => {
    opened.push(connector);
    return connector;
  };
}
