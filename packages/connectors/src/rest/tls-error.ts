/* What is wrong with a server's TLS, in a sentence. Node gives OpenSSL's names, and some of its own. */

export interface TlsProblem {
  readonly summary: string;
  readonly hint: string;
}

const untrusted: TlsProblem = {
  summary: "the server's certificate is not trusted",
  hint: "give the certificate of its authority with `ca`; of a self-signed one, itself",
};

const ofName: Readonly<Record<string, TlsProblem>> = {
  CERT_HAS_EXPIRED: {
    summary: "the server's certificate has expired",
    hint: "the certificate must be renewed, or this machine's clock is wrong",
  },
  CERT_NOT_YET_VALID: { summary: "the server's certificate is not valid yet", hint: "this machine's clock may be wrong" },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    summary: "the server's certificate is made out for another name than that in the URL",
    hint: "a certificate must have the name or address in its subjectAltName; a common name alone does not count any more (RFC 9525)",
  },
  ERR_SSL_WRONG_VERSION_NUMBER: plainHttp(),
  ERR_SSL_PACKET_LENGTH_TOO_LONG: plainHttp(),
  EPROTO: plainHttp(),
};

function plainHttp(): TlsProblem {
  return { summary: "the server does not speak TLS at this port", hint: "if it speaks plain HTTP there, the URL must begin with `http:`" };
}

/** Names that mean the certificate or TLS itself. */
const certificate = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|EPROTO$)/;

/** Undefined: the error is about something else. */
export function tlsProblem(name: string | undefined): TlsProblem | undefined {
  return name === undefined || !certificate.test(name) ? undefined : (ofName[name] ?? untrusted);
}
