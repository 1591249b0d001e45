/* Keys that ssh2 makes for servers of its own. */
import ssh2 from "ssh2";

/** ssh2 1.17 writes one ed25519 key of some hundred so that it cannot be read itself; then another one is made. */
export function newKeyPair(): ReturnType<typeof ssh2.utils.generateKeyPairSync> {
  for (let attempt = 1; ; attempt++) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    const key = ssh2.utils.parseKey(pair.private);
    if (!(key instanceof Error)) return pair;
    if (attempt === 10) throw key;
  }
}
