/*
 * Login shells and start-up files against plain `ssh host command`: where that runs a command, so do we; where it does not, the error says so,
 * and nothing that was sent is executed. Here a part that has each shell, each start-up file, each operation and each connector; all
 * combinations with SREMOTE_ALL_SHELLS=1, as `npm run nightly` sets it.
 */
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Cell, connectorNames, Matrix, operationNames } from "./matrix.ts";
import { presentShells, startUps } from "./start-up-files.ts";

let matrix: Matrix;
beforeAll(async () => {
  matrix = await Matrix.start();
});
afterAll(async () => await matrix?.[Symbol.asyncDispose]());

const all = process.env["SREMOTE_ALL_SHELLS"] === "1";
const shells = presentShells();

/** Start-up files with bash, and some with each other shell; connectors and operations take turns. */
function cells(): Cell[] {
  const pairs = shells.flatMap((shell, row) =>
    startUps.map((startUp, column) => ({
      shell,
      startUp,
      wanted:
        row === 0 ||
        (shell.restricted === true && startUp.endsAtErrors === true) ||
        (shell.dialect === "none" ? column === 0 : (column + 5 * row) % 13 === 0),
    })),
  );
  if (all) {
    return pairs
      .filter(({ shell, startUp }) => shell.dialect !== "none" || startUp === startUps[0])
      .flatMap((pair) => connectorNames.map((connector) => ({ ...pair, connector, operations: operationNames })));
  }
  return pairs
    .filter(({ wanted }) => wanted)
    .map((pair, index) => ({
      ...pair,
      connector: connectorNames[index % 3 === 2 ? 1 : 0],
      // The first, which plain ssh is compared with, and another in its turn; now and then all.
      operations: index % 4 === 0 ? operationNames : [operationNames[0], operationNames[1 + (index % 4)]!],
    }));
}

describe.concurrent.each(shells)("$name", (shell) => {
  test.each(cells().filter((cell) => cell.shell === shell))("after $startUp.name, over $connector", async (cell) => {
    await matrix.check(cell);
  });
});
