/* How much suites do: `npm test` tries what no other suite proves; `npm run nightly` tries all of it over everything. */

/** Whether all is to be tried. */
export const isNightly: boolean = process.env["SREMOTE_ALL"] === "1";

/**
 * Cases of `checkConnector` that a layer around a connector could spoil, where another suite tries all of them over the connector itself: bytes, arguments
 * and paths, how commands end, live processes. Nightly all.
 */
export const ofLayers: RegExp = isNightly
  ? /^/
  : /exit code (?:0|255)|G31|stdin|G08|file of (?:0|3000001)|abort of exec|deadline of exec|no-such-file|spawn|20 commands|label|clos/;
