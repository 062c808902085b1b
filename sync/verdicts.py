"""What a reply means for what was sent: one function, its exceptions are the channel's own rules. Room `sync`, floor 2."""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from sync.channel import Channel, Transaction
from sync.envelope import Answer, read_answer
from sync.transport import Reply

Outcome = Literal["done", "retry", "reject", "unknown", "sign_in", "pause", "resync", "smaller"]
NOT_THERE = (404, 405, 407, 410, 415)  # the address or the way is wrong: that is the channel, not what was sent


@dataclass(frozen=True)
class Judged:
    """outcome: what to do; `words`: the platform's, for the person who looks; `kind`: for counting, "business" when the
    platform itself refused what was sent."""

    outcome: Outcome
    kind: str
    words: str = ""
    infcode: str | None = None
    output: Any = None
    refmsgid: str | None = None
    retry_after: float | None = None
    astray: bool = False  # perhaps not the answer to this: what it says of the channel counts, of the message nothing


def judge(channel: Channel, logical: str, reply: Reply) -> Judged:
    """What became of a request. When in doubt about one that changes something there: unknown, never "not done"."""
    transaction = channel.profile.transactions[logical]
    unclear: Outcome = "unknown" if transaction.effect else "retry"
    if reply.status is None:
        return Judged(unclear if reply.arrived else "retry", reply.kind)
    status = reply.status
    if status in (401, 403):
        return Judged("pause", "access", f"HTTP {status}")
    if status in NOT_THERE:
        return Judged("pause", "address", f"HTTP {status}")
    if status == 429:
        return Judged("retry", "busy", "HTTP 429", retry_after=reply.retry_after)
    if status == 503:  # a gateway says so too when what stands behind it broke off after the work was done
        return Judged(unclear, "busy", "HTTP 503", retry_after=reply.retry_after)
    if status == 413:
        return Judged("smaller", "size", "HTTP 413")
    if status >= 500 or status == 408 or status < 200 or 300 <= status < 400:
        return Judged(unclear, f"http-{status}", f"HTTP {status}")
    if status >= 400:
        return Judged("reject", f"http-{status}", f"HTTP {status}")
    return _judge_answer(channel, transaction, read_answer(channel, reply.raw), unclear)


def _judge_answer(channel: Channel, transaction: Transaction, answer: Answer, unclear: Outcome) -> Judged:
    if answer.infcode is None:
        return Judged(unclear, "no-envelope")
    if not answer.trusted:  # somebody else may have written it: nothing it says counts, and no more is sent meanwhile
        return Judged("pause", "answer-signature", answer.message, answer.infcode)
    area, number = channel.profile.envelope.answers_from, answer.refmsgid or ""
    judged = replace(_of_platform(channel, transaction, answer, unclear), refmsgid=answer.refmsgid)
    if not area or number.startswith(area):
        return judged
    # It was signed by the platform, but to whom? What is no success may come without a number, from before one is given.
    if not number and answer.infcode != "0":
        if not transaction.effect:
            return judged
        if judged.outcome in ("sign_in", "pause"):  # true of whomever it was said to; this one may have been done
            return replace(judged, astray=True)
    return Judged(unclear, "other-answer")


def _of_platform(channel: Channel, transaction: Transaction, answer: Answer, unclear: Outcome) -> Judged:
    if answer.ok:
        if transaction.gives and not (isinstance(answer.output, dict) and transaction.gives in answer.output):
            return Judged(unclear, "no-result", answer.message, "0")  # cut on its way, or the answer to something else
        return Judged("done", "ok", answer.message, "0", answer.output)
    for rule in channel.profile.answers:
        if rule.code == answer.infcode and re.search(rule.words, answer.message):
            outcome: Outcome = unclear if rule.then == "unknown" else rule.then
            if outcome == "resync" and transaction.effect:  # there is no list to begin anew
                outcome = "reject"
            return Judged(outcome, "business" if outcome == "reject" else rule.then, answer.message, answer.infcode)
    if answer.infcode == "-2":
        return Judged("reject", "business", answer.message, answer.infcode)
    # "system error", or a code that nobody agreed on, of a gateway perhaps: it may have been done
    return Judged(unclear, "system", answer.message, answer.infcode)
