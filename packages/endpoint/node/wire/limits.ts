/*
 * Limits that the endpoint has beside those of packages/protocol (`limits`, `sessionLimits`), as the tables in PROTOCOL.md and SESSION.md ("Limits") have
 * them. Sizes in bytes, times in milliseconds.
 */

/** Allocated on the disk before a call runs, so that a reply can be stored. */
export const reserve = 65_536;
/** Of a failure: errors of an AggregateError, characters of a text among the members, causes, frames, and bytes of a source file that is read for its lines. */
export const failureExceptions = 100;
export const failureMember = 1024;
export const failureCauses = 16;
export const failureFrames = 100;
export const failureSource = 4_194_304;
/** Failures of items in one message that are told in full. */
export const fullFailures = 100;
/** How long items run until a part with their results is sent. */
export const partPace = 5;
/** For the login shell of `loginEnv`: some wait for network file systems, none for a person. */
export const loginShell = 30_000;
/** A call of the spool is ended once no client has waited for it for so long; how often an endpoint that waits says so, and the one that runs it looks. */
export const audiencePatience = 40_000;
export const audienceLook = 5000;
/** Of shipped code: until a tree that no process uses is removed, and between two looks for such trees. */
export const codeAge = 604_800_000;
export const codeSweep = 86_400_000;
/** Between SIGINT, SIGTERM and SIGKILL to the group of a call that is to end. */
export const signalGrace = 500;
/** Instead of it where the endpoint itself was told to end, and twice that for all: who told it kills it after a second. */
export const haste = 400;
/** How long the pipes are read on after the process ended, and the rest of its group may take. */
export const drain = 1000;
/** How long handlers of the event "exit" may take after the answer was given. */
export const linger = 1000;
/** Until the client must have said `hello`, which it sends together with the payload. */
export const greeting = 120_000;
/** Between SIGTERM and SIGKILL at the end of the lease. */
export const leaseGrace = 1000;
/** Of the heartbeat, without a byte from the client. */
export const silentIntervals = 4;
/** Connections that try to resume at once, and the time each has to say who it is. */
export const newcomers = 16;
export const newcomerPatience = 10_000;
/** Failed calls that are remembered for those that depend on them. */
export const keptFailures = 1000;
/** Questions of one call that are open at a time, and so many bytes beside one of any size: the client ends a session that asks without end. */
export const openAsks = 64;
export const openAskBytes = 1_048_576;
/** Until a worker can begin: an interpreter from a slow disk. One that could not make its threads may wait for ever. */
export const startPatience = 60_000;
/** Of an interpreter: characters of the text that stands for a value; parts of one result, and characters and bytes of them all together. */
export const repr = 65_536;
export const parts = 256;
export const partBytes = 33_554_432;
