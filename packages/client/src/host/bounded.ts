/* Operations of a client that are not calls, under the caller's deadline and signal. */
import { type Connector, type OperationOptions, withDeadline } from "@sremote/connectors";

/** Milliseconds after a deadline in which a connector says itself that it has passed. */
const patience = 50;

/** Work of several steps under one deadline, counted from now, and one signal. */
export async function bounded<O extends OperationOptions, T>(
  { label }: Connector,
  stage: string,
  options: O,
  work: (options: O) => Promise<T>,
): Promise<T> {
  return await withDeadline(options, { label, stage }, (signal) => work({ ...options, signal }));
}

/** One operation of the connector, which keeps the deadline and can say what it waited for. One that does not is waited for a little longer. */
export async function boundedBy<O extends OperationOptions, T>(
  { label }: Connector,
  stage: string,
  options: O,
  work: (options: O) => Promise<T>,
): Promise<T> {
  const { signal, timeout } = options;
  const limits = timeout === undefined ? { signal } : { signal, timeout: timeout + patience };
  const waitsFor = (): string => `the connector, which did not keep its deadline of ${timeout} ms`;
  return await withDeadline({ ...limits, waitsFor }, { label, stage }, (own) => work({ ...options, signal: own }));
}
