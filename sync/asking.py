"""The look-up of a person as pages call it: the channel is opened at the first question and kept. Room `sync`, floor 2."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from common.db import Database
from common.settings import Settings
from sync.channel import SHIPPED, WrongChannel, read_channel
from sync.people import WITHIN_S, Patience, PersonFacts, look_up_person
from sync.talking import Talk
from sync.transport import Transport


class LookUp:
    """look_up(certno, cert_type, name): what the province says, NOBODY among it; None where it says nothing, for whatever reason.

    In a demo the shipped channel, at the address the simulator wrote down; a channel that is wrong answers nothing.
    """

    def __init__(self, database: Database, settings: Settings, clock: Callable[[], datetime]):
        self._database, self._settings, self._clock = database, settings, clock
        self._talk: Talk | None = None
        self._base = ""
        self._patience = Patience()
        self._one = threading.Lock()

    def __call__(self, certno: str, cert_type: str, name: str) -> PersonFacts | None:
        # One client for the process. Whoever waited for somebody else's question in vain hears nothing, at once; waiting and
        # asking take WITHIN_S together.
        until = time.monotonic() + WITHIN_S
        if not self._one.acquire(timeout=WITHIN_S):
            return None
        try:
            talk = self._opened()
            return look_up_person(talk, certno, cert_type, name, self._patience, until) if talk else None
        finally:
            self._one.release()

    def close(self) -> None:
        """Give the connection back."""
        if self._talk is not None:
            self._talk.transport.close()
            self._talk = None

    def _opened(self) -> Talk | None:
        base = self._simulator()
        if self._talk is not None and base == self._base:
            return self._talk
        settings = self._settings
        file = settings.channel or (SHIPPED if settings.mode == "demo" else None)
        if file is None:
            return None
        try:
            channel = read_channel(file, settings.keys_folder / "channel", base)
        except WrongChannel:
            return None
        self.close()
        self._talk, self._base = Talk(self._database, channel, Transport(channel), self._clock), base
        return self._talk

    def _simulator(self) -> str:
        if self._settings.channel is not None or self._settings.mode != "demo":
            return ""
        try:
            return (self._settings.data_dir / "platform-sim" / "address").read_text(encoding="ascii").strip()
        except OSError:
            return ""
