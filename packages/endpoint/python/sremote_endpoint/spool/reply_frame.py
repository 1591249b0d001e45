"""Builds replies. The function's process writes the inner part; it is put into the frame as it is, without being parsed again."""
from ..wire.frame import join_frame
from ..wire.json_text import dump
from ..wire.limits import ATTACHMENTS, INLINE_OUTPUT, PROTOCOL


def join_reply(call_id, answer, attachments, outputs, host, usage=None):
    """
    The reply frame, as chunks. `answer` is the JSON object of outcome and what belongs to it, as bytes; `outputs` the two
    captured streams or None.
    """
    attachments = list(attachments)
    outer = {}
    inline = outputs is not None and sum(part.kept for part in outputs) <= INLINE_OUTPUT and len(attachments) + 2 <= ATTACHMENTS
    for index, name in enumerate(("stdout", "stderr")):
        if outputs is None:
            outer[name] = {"index": len(attachments), "bytes": 0, "truncated": False}
            attachments.append(b"")
            continue
        part = outputs[index]
        content = part.content() if inline else None
        outer[name] = {"bytes": part.total, "truncated": part.total > part.kept}
        if inline:
            outer[name]["index"] = len(attachments)
            attachments.append(content)
    if usage is not None:
        outer["usage"] = usage
    outer["host"] = host
    head = dump({"type": "reply", "protocol": PROTOCOL, "id": call_id})
    return join_frame(head[:-1] + b"," + answer[1:-1] + b"," + dump(outer)[1:], attachments)
