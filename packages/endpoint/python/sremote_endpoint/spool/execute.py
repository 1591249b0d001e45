"""Step 5 of the spool: the function in its own process, and the reply of what came of it."""
from ..host.memory import out_of_memory_kills
from ..run import strays
from ..run.environment import environment, needs_fresh
from ..wire.errors import Refusal
from ..wire.frame import split_frame
from ..wire.reply import answer_of
from . import spool
from .audience import Audience
from .launch import launch
from .output import Output
from .reply_frame import join_reply
from .supervise import Supervision


def execute(place, call, request, home, host, limit, umask, signals):
    """The reply frame of the call, as chunks."""
    try:
        env = environment(call, home, host["base"])
        env[strays.VARIABLE] = request.id
    except Refusal as refusal:
        return join_reply(request.id, answer_of("not-run", refusal.failure()), [], None, host)
    outputs = [Output(place.path("stdout"), limit), Output(place.path("stderr"), limit)]
    kills = out_of_memory_kills()
    timeout = call["timeoutMs"] / 1000.0 if "timeoutMs" in call else None
    try:
        process = launch(call, request.frame, (request.parts, request.depth), env, needs_fresh(call), home, umask)
    except OSError as error:
        # No more processes, descriptors or memory: named, and stored, so that a retry hears the same.
        failure = {"code": "endpoint-broken", "stage": "setup", "message": "the function's process cannot be started: %s" % error.strerror}
        return join_reply(request.id, answer_of("not-run", failure), [], None, host)
    spool.step("started")
    ending = Supervision(process, outputs, signals, timeout, Audience(place.path("asked")), request.id).run()
    for output in outputs:
        output.close()
    spool.step("ended")
    answer, parts = None, []
    if ending.answer is not None:
        try:
            answer, parts = split_frame(ending.answer)
        except Refusal:
            answer = None
    if answer is None:
        from ..run.ending import describe_ending
        oom = kills is not None and out_of_memory_kills() != kills
        answer = describe_ending(ending, call, oom)
        if "each" in call:
            from ..run.begun import take
            begun = take([place.path("begun")])
            if begun is not None:
                answer = answer[:-1] + b',"begun":%d}' % begun
    return join_reply(request.id, answer, parts, outputs, host, process.used(ending.wall))
