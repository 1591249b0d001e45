"""The messages of SESSION.md that a host sends, checked member by member: what the endpoint writes is held to it in every test."""
import re

from tests.reply_check import check_failure, check_items, check_host, check_outcome, check_protocol, codes, is_count, is_text, need


def _welcome(header):
    check_host(header.get("host"))
    need(is_text(header.get("attach")), "attach")


def _challenge(header):
    need(is_count(header.get("received")), "received")
    for name in ("nonce", "proof"):
        need(is_text(header.get(name)) and re.fullmatch("[0-9a-f]{64}", header[name]), name)


def _bye(header):
    if "error" in header:
        check_failure(header["error"], codes())


def _result(header):
    check_outcome(header)
    need("value" not in header or _is_value(header["value"]), "value")


def _part(header):
    need(_is_plain(header.get("value"), list), "value")
    check_items(header)


def _ask(header):
    need(is_count(header.get("ask")), "ask")
    need(is_count(header.get("callback")), "callback")
    need(_is_plain(header.get("args"), list), "args")
    need("kwargs" not in header or _is_plain(header["kwargs"], dict), "kwargs")


def _is_value(value):
    return type(value) is dict and "json" in value and type(value.get("meta", {})) is dict


def _is_plain(value, kind):
    """A value whose top no annotation makes something else of."""
    return _is_value(value) and type(value["json"]) is kind and type(value.get("meta", {}).get("values")) is not list


CHECKS = {"welcome": _welcome, "challenge": _challenge, "bye": _bye, "result": _result, "part": _part, "ask": _ask}


def check_message(header, *types):
    """Raises Wrong unless `header` is a message of one of these types that its receiver must accept."""
    need(type(header) is dict and is_text(header.get("type")) and header["type"] in types, "type")
    if header["type"] == "welcome":
        check_protocol(header)
    CHECKS[header["type"]](header)
