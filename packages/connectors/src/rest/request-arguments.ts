/* Checks of what authors of dialects hand to an HttpClient. */
import { checkFunction, checkObject, checkString, given, InvalidArgumentError } from "@sremote/protocol";

export function checkUrl(value: unknown, argument: string): asserts value is URL {
  if (!(value instanceof URL)) throw new InvalidArgumentError(argument, `a URL${given(value, { secret: true })}`);
}

export function checkRequest(request: unknown, signal: unknown): void {
  checkObject(request, "request");
  const { method = "GET", path } = request as { method?: unknown; path?: unknown };
  checkString(method, "request.method");
  checkString(path, "request.path");
  if (!(signal instanceof AbortSignal)) throw new InvalidArgumentError("signal", `an AbortSignal${given(signal)}`);
}

export function checkHttpOptions(options: unknown): void {
  checkObject(options, "options");
  const { label, baseUrl } = options as { label?: unknown; baseUrl?: unknown };
  checkString(label, "options.label");
  checkUrl(baseUrl, "options.baseUrl");
}

export function checkDownload(download: unknown): void {
  checkObject(download, "download");
  checkFunction((download as { take?: unknown }).take, "download.take");
}
