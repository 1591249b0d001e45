"""The `call` message of PROTOCOL.md, checked member by member before anything is done."""
from ..wire.errors import Refusal, protocol_error
from ..wire.limits import PROTOCOL
from ..wire.message import OPTIONAL, check_function, check_members, is_id, whole

NO_ID = "0" * 32


def check_call(header):
    """Raises Refusal unless `header` is a call this endpoint can read."""
    if type(header) is not dict or type(header.get("type")) is not str:
        raise protocol_error("the header must be an object with a type")
    protocol = whole(header.get("protocol"))
    if protocol is None:
        raise protocol_error("the call names no protocol version")
    if protocol != PROTOCOL:
        raise Refusal("protocol-mismatch", "the call speaks protocol %d, this endpoint speaks %d" % (protocol, PROTOCOL))
    if header["type"] != "call":
        raise protocol_error("the message must be of type call")
    if not is_id(header.get("id")):
        raise protocol_error("the call's id must be 32 lower-case hex digits")
    check_function(header, "call")
    check_members(header, [name for name, _, _ in OPTIONAL], "call")
