"""Asking the platform one thing: number, sign-in number, signature, post, verdict. Room `sync`, floor 2.

The worker, the pulls, the look-up of a person and `flask sync check` all talk through it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from common.db import Database
from sync import envelope, outbox
from sync.channel import Channel
from sync.channels import sign_no, signed_in
from sync.transport import Transport
from sync.verdicts import Judged, judge

REMEMBERED = 20_000  # numbers of answers


@dataclass(frozen=True)
class Talk:
    """A channel that is open. Holds no transaction while something is on its way."""

    database: Database
    channel: Channel
    transport: Transport
    clock: Callable[[], datetime]
    heard: dict[str, str] = field(
        default_factory=dict
    )  # number of an answer → of the message, the last ones of this process

    def ask(self, logical: str, about: dict[str, Any], until: float | None = None) -> Judged:
        """A request of its own number; `about` becomes the transaction's node. until: see Transport.post."""
        body = envelope.compact({self.channel.profile.transactions[logical].node: about})
        return self.post(logical, body, self.number(), until=until)

    def number(self) -> str:
        """A message number, given once."""
        with self.database.writing() as session:
            (number,) = outbox.next_msgids(session, self.channel.profile.envelope.fixmedins_code, self.clock(), 1)
            session.commit()
        return number

    def post(
        self, logical: str, body: str, msgid: str, signed_in_as: str | None = None, until: float | None = None
    ) -> Judged:
        """body: the JSON of `input`, sent as it is. signed_in_as: the number of the sign-in, where it is known already."""
        now, number = self.clock(), signed_in_as or ""
        if logical != "sign_in" and signed_in_as is None:
            with self.database.read_session() as session:
                number = sign_no(session, self.channel.name)
        said = envelope.request(self.channel, logical, body, msgid=msgid, now=now, sign_no=number)
        judged = judge(self.channel, logical, self.transport.post(logical, said, now, until))
        if not judged.refmsgid or self._first_heard(judged.refmsgid, msgid):
            return judged
        unclear = self.channel.profile.transactions[logical].effect
        return Judged("unknown" if unclear else "retry", "other-answer")

    def _first_heard(self, refmsgid: str, msgid: str) -> bool:
        """Whether an answer of this number may be the answer to this message: not when another one had it already. The same
        message sent again may get the very same answer again."""
        if len(self.heard) >= REMEMBERED:
            for old in list(self.heard)[: REMEMBERED // 2]:
                self.heard.pop(old, None)
        return self.heard.setdefault(refmsgid, msgid) == msgid

    def sign_in(self, until: float | None = None) -> bool:
        """A new number from 9001, kept for all that follows. Whether there is one."""
        constants = self.channel.profile.envelope
        judged = self.ask(
            "sign_in", {"opter_no": constants.opter[:20], "mac": constants.mac, "ip": constants.ip}, until
        )
        given = judged.output.get("signinoutb") if isinstance(judged.output, dict) else None
        number = given.get("sign_no") if isinstance(given, dict) else None
        if judged.outcome != "done" or not isinstance(number, str) or not number:
            return False
        with self.database.writing() as session:
            signed_in(session, self.channel.name, number[:30])
            session.commit()
        return True
