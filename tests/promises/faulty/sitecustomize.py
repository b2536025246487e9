"""Makes one step faulty in a process that is started with this folder on PYTHONPATH.

A record that holds KILLS ends the process as a bug in a C library would; one that holds RAISES raises with
its text in the exception, as many libraries do.
"""

import os
import signal

import streams.chain

KILLS, RAISES = "this-one-kills-the-process", "this-one-raises"

_quality = streams.chain.STEPS["quality"]


def _faulty(desk: streams.chain.Desk, pack: object) -> None:
    conversation = desk.record.conversation
    text = "" if conversation is None else conversation.messages[0].content
    if KILLS in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if RAISES in text:
        raise ValueError(text)
    _quality(desk, pack)  # type: ignore[arg-type]


streams.chain.STEPS["quality"] = _faulty  # type: ignore[assignment]
