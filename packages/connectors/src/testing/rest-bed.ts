/* What a test bed of a REST service can be asked to do wrong, for the cases on REST. */

/** What a request is for, in words that all services share. */
export type RestPurpose =
  | "login"
  /** Starts a user's command. */
  | "start"
  /** Asks a script that was started for its result, or ends it. */
  | "verb"
  /** Any other command, such as making a directory. */
  | "command"
  | "put"
  | "get"
  | "poll"
  | "other";

export type RestFault =
  /** Answers with a status and does nothing. `retryAfter`: that header's value. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string }
  /** Does what was asked for, and answers with a status as if it had not. */
  | { readonly kind: "status-after"; readonly status: number }
  /** Cuts the connection before or after it did what was asked for. */
  | { readonly kind: "cut-before" | "cut-after" }
  /** Answers in the service's way that something went wrong, with status 200, and does nothing. */
  | { readonly kind: "error-body" }
  /** The session or token has ended: this and all further requests are refused until there is a new one. */
  | { readonly kind: "expire" }
  /** Does it twice, as a proxy does that repeats what it thinks was lost; the first or the second answer is given. */
  | { readonly kind: "twice"; readonly answer: 0 | 1 }
  /** Says that a file is not there, as a network file system does for a while. */
  | { readonly kind: "missing" }
  /** Loses all that the command printed. */
  | { readonly kind: "mute" }
  /** Loses the second half of what the command printed. */
  | { readonly kind: "half-output" }
  /** Tells another exit code than the command's, or none. */
  | { readonly kind: "no-exit-code" }
  /** Keeps a job in the queue until it is cancelled. */
  | { readonly kind: "queue" }
  /** Redirects to this URL. */
  | { readonly kind: "redirect"; readonly location: string; readonly status?: number }
  /** Answers with so many bytes of nonsense. */
  | { readonly kind: "huge"; readonly bytes: number }
  /** Does nothing, and never answers. */
  | { readonly kind: "hang" }
  /** Sends half of the reply's body and cuts the connection. */
  | { readonly kind: "half" };

export interface RestSeen {
  readonly purpose: RestPurpose;
  readonly method: string;
  readonly path: string;
  /** What it is about: the script that is started or asked, a file's path. */
  readonly subject: string;
  readonly fault: RestFault | undefined;
}

/** The service side of a check: what it allows, and what it can do wrong. */
export interface RestBed {
  /** Largest upload and download in bytes, as the dialect states them; sizes around them are tried. */
  readonly limits?:
    | { readonly put?: number | undefined; readonly get?: number | undefined; readonly inline?: number | undefined }
    | undefined;
  /** The faults it knows. Cases that need another one pass by. */
  readonly faults: readonly RestFault["kind"][];
  /** The purposes that its requests have. Cases that disturb another one pass by. Default: all. */
  readonly purposes?: readonly RestPurpose[] | undefined;
  /** Disturbs the next requests of a purpose: `times` of them, after `skip` others. */
  inject(purpose: RestPurpose, fault: RestFault, options?: { skip?: number; times?: number }): void;
  /** The requests since the last call, in order. */
  take(): readonly RestSeen[];
}
