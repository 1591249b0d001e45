/* Headers that say who asks, made when first needed and anew when they are refused: once, however many requests find out at a time. */
import type { Secrets } from "./redact.ts";

export type MakeHeaders = (signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;

export interface Granted {
  readonly headers: Readonly<Record<string, string>>;
  /** Which making they are from. */
  readonly generation: number;
}

export class Credentials {
  readonly #make: MakeHeaders | undefined;
  readonly #secrets: Secrets;
  readonly #isStale: (() => boolean) | undefined;
  #isMaking = false;
  #generation = 0;
  #granted: Promise<Granted> | undefined;
  readonly #closing = new AbortController();

  constructor(make: MakeHeaders | undefined, secrets: Secrets, isStale?: () => boolean) {
    this.#make = make;
    this.#secrets = secrets;
    this.#isStale = isStale;
  }

  /** The headers to send. Many may wait for one making; that one of them gives up does not end it. */
  get(): Promise<Granted> {
    if (!this.#isMaking && this.#isStale?.() === true) this.#granted = undefined;
    this.#granted ??= this.#renew();
    return this.#granted;
  }

  /** Says that these were refused. The next {@link get} makes new ones. Returns false if they were renewed meanwhile. */
  refuse({ generation }: Granted): boolean {
    if (generation !== this.#generation) return false;
    this.#granted = undefined;
    return true;
  }

  close(): void {
    this.#closing.abort(new Error("the connector was closed"));
  }

  #renew(): Promise<Granted> {
    const generation = ++this.#generation;
    this.#isMaking = true;
    const making = (async () => {
      const headers = (await this.#make?.(this.#closing.signal)) ?? {};
      for (const value of Object.values(headers)) this.#secrets.addHeader(value);
      return { headers, generation };
    })();
    const end = (): void => {
      if (generation === this.#generation) this.#isMaking = false;
    };
    // A making that failed is not kept.
    making.then(end, () => {
      end();
      if (this.#granted === making) this.#granted = undefined;
    });
    return making;
  }
}
