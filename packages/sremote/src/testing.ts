export * from "@sremote/connectors/testing";
