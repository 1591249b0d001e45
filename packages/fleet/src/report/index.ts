export { type EndReason, endedBadly, type Ignorable, isOk, type ProcessRecord } from "@sremote/process";
export { Report, type Reportable, reportOn, type ReportOutputOptions } from "./report.ts";
export { type Stats, statsOf, sumStats } from "./stats.ts";
