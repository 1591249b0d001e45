/* Tokens and variables in values of ssh_config: ssh_config(5), "TOKENS" and "ENVIRONMENT VARIABLES". `ssh -G` leaves some of them as they are. */
import { createHash } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { expandHome, homeDirectory } from "./home.ts";

export interface TokenValues {
  /** As the caller gave it. */
  original: string;
  host: string;
  port: number;
  user: string;
  hostKeyAlias: string | undefined;
  jump: string | undefined;
}

/** Why a value cannot be expanded. */
export class TokenError extends Error {}

/** @throws TokenError for an unknown token or a variable that is not set, as ssh does */
export function expandTokens(text: string, values: TokenValues): string {
  const tokens: Readonly<Record<string, () => string>> = {
    "%": () => "%",
    C: () => connectionDigest(values),
    d: homeDirectory,
    h: () => values.host,
    i: () => String(userInfo().uid),
    j: () => values.jump ?? "",
    k: () => values.hostKeyAlias ?? values.original,
    L: () => hostname().replace(/\..*/s, ""),
    l: hostname,
    n: () => values.original,
    p: () => String(values.port),
    r: () => values.user,
    u: () => userInfo().username,
  };
  return text.replaceAll(/%(.?)/gs, (all, name: string) => {
    const value = Object.hasOwn(tokens, name) ? tokens[name] : undefined;
    if (value === undefined) throw new TokenError(`${all} is no token`);
    return value();
  });
}

/** `${NAME}` from the environment. */
export function expandVariables(text: string): string {
  return text.replaceAll(/\$\{([^}]*)\}/g, (all, name: string) => {
    const value = process.env[name];
    if (value === undefined) throw new TokenError(`${all} is not set in the environment`);
    return value;
  });
}

/** A path with everything replaced that ssh replaces. */
export function expandPath(path: string, values: TokenValues): string {
  return expandTokens(expandVariables(expandHome(path)), values);
}

function connectionDigest({ host, port, user, jump }: TokenValues): string {
  return createHash("sha1")
    .update(hostname() + host + String(port) + user + (jump ?? ""))
    .digest("hex");
}
