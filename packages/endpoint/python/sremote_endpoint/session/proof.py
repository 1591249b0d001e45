"""How the client that comes back and the supervisor know each other (SESSION.md, "Proof")."""
import os


def new_nonce():
    return os.urandom(32).hex()


def prove(token, prover, client_nonce, host_nonce, received):
    """HMAC-SHA-256 under the session's token, in hex digits."""
    import hmac
    text = "sremote session %s\n%s\n%s\n%d\n" % (prover, client_nonce, host_nonce, received)
    return hmac.new(token.encode("ascii"), text.encode("ascii"), "sha256").hexdigest()


def is_same(given, right):
    """In a time that does not tell how much of it was right."""
    from hmac import compare_digest
    return compare_digest(given, right)
