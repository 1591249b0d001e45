/* Many hosts at once. */
export * from "@sremote/fleet";
