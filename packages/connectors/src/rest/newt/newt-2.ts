/*
 * The second version, as its public server (NERSC/newt-2.0, 2019) speaks it: `/api`. Every reply is an envelope, and a command's field has another
 * name. Refused credentials are a 403. The server unquotes a command once more than it should, which our lines, without `%`, do not notice.
 */
import { ConnectError } from "@sremote/protocol";
import type { Download, RestContext } from "../dialect.ts";
import { form } from "../encode.ts";
import { Newt1 } from "./newt-1.ts";
import type { NewtSettings, Told } from "./newt-1.ts";

export class Newt2 extends Newt1 {
  readonly #settings: NewtSettings;

  constructor(settings: NewtSettings) {
    super(settings);
    this.#settings = settings;
  }

  override async authenticate({ http, signal }: RestContext): Promise<Record<string, string>> {
    const { username, password } = this.#settings;
    const login = { method: "POST", path: "/auth/", ...form({ username, password }), credentials: false, idempotent: true } as const;
    return this.session(inner((await http.send(login, signal)).json()));
  }

  override async get(path: string, download: Download, { http, signal }: RestContext): Promise<void> {
    await http.download({ method: "GET", path: this.file(path), query: { download: "true" } }, download, signal);
  }

  override async status({ http, signal }: RestContext): Promise<string> {
    const { auth } = inner((await http.send({ method: "GET", path: "/auth/" }, signal)).json());
    if (auth !== true)
      throw new ConnectError("auth-failed", "the service does not accept the session", { stage: "status", host: this.label });
    return "the service answered, and the session is valid";
  }

  protected override async post(command: string, idempotent: boolean, { http, signal }: RestContext): Promise<Told> {
    const path = `/command/${this.#settings.machine}/`;
    const body = form({ command, loginenv: String(this.#settings.loginEnv) });
    const { output, error } = inner((await http.send({ method: "POST", path, ...body, idempotent }, signal)).json());
    return { output: typeof output === "string" ? output : "", error: typeof error === "string" ? error : "" };
  }
}

/** What an envelope holds. */
function inner({ output }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return typeof output === "object" && output !== null ? (output as Record<string, unknown>) : {};
}
