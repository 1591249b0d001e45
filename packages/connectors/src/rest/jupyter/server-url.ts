/* The address of a server, also as it prints it for browsers: `http://localhost:8888/lab?token=…`. */
import { InvalidArgumentError } from "@sremote/protocol";

/** Pages of the applications that run on a server, below its base URL. */
const pages = /\/(lab|tree|doc|notebooks|consoles|nbclassic|retro|login)(\/[^/]+)*$/;

export interface ServerUrl {
  readonly baseUrl: string | URL;
  /** What stood in the URL. */
  readonly token: string | undefined;
}

/** What is not such an address is handed on as it is, to be refused. A base URL that itself ends with the name of a page is written with a slash at its end. */
export function serverUrl(given: unknown): ServerUrl {
  const text = given instanceof URL ? given.href : given;
  if (typeof text !== "string" || !URL.canParse(text)) return { baseUrl: given as string, token: undefined };
  const url = new URL(text);
  const token = url.searchParams.get("token") ?? undefined;
  if (token !== undefined) {
    if (token === "" || token === "...") {
      // So the server's log shows it.
      throw new InvalidArgumentError("options.baseUrl", "a URL with the whole token or none; `jupyter server list` prints it");
    }
    url.searchParams.delete("token");
  }
  url.pathname = url.pathname.replace(pages, "") || "/";
  return { baseUrl: url, token };
}
