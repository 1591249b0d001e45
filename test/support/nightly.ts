/* How much suites do: `npm test` tries what no other suite proves; `npm run nightly` tries all of it over everything. */

/** Whether all is to be tried. */
export const isNightly: boolean = process.env["SREMOTE_ALL"] === "1";
