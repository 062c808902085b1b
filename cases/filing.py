"""What a family of forms says of one filled-in form: mistakes, remarks, whom it is about, which papers. No database here.

A family (cases/remote_care.py, resident_enrol.py, newborn_enrol.py) is one pydantic model and one `check`; page, JSON
door, phone and import call the same `check` and get the same sentences.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from cases.circumstances import Circumstances
from common.forms import Form


class Level(StrEnum):
    """How much a remark weighs (forms.md)."""

    WARN = "warn"  # shown once, to be confirmed
    INFO = "info"
    EXIT = "exit"  # no case is needed: the page shows the way
    HANDUP = "handup"  # filed, but the county decides


@dataclass(frozen=True)
class Remark:
    """One sentence that does not forbid filing. `field`: where it stands; "form" for the whole."""

    level: Level
    field: str
    words: str


@dataclass(frozen=True)
class Subject:
    """Whom a case is about: sealed with it, and what it is found by."""

    name: str
    cert_type: str | None  # national psn_cert_type; None: a newborn without number
    certno: str | None  # or the birth certificate's number
    sex: str | None  # 1, 2
    born: date | None
    mobile: str | None
    contact_name: str | None = None
    contact_tel: str | None = None


@dataclass(frozen=True)
class PaperNeed:
    """A paper this filing needs; one that is waived does not appear. `by_later`: may be missing until `due` (容缺)."""

    kind: str  # residence_proof, referral_proof, birth_certificate …
    name: str  # in the reader's language
    by_later: bool = False
    instead: str = ""  # what would do as well, in words
    due: date | None = None  # until when, where by_later
    only_shown: bool = False  # looked at, never copied: nobody uploads it


@dataclass
class Checked:
    """The outcome of `check`. `answers` is what is frozen: JSON values under national names, derived ones included."""

    form: Form[Any]
    remarks: tuple[Remark, ...] = ()
    answers: dict[str, Any] = field(default_factory=dict)
    subject: Subject | None = None
    papers: tuple[PaperNeed, ...] = ()
    live_key: str | None = None  # one live case per person and this key: "1:2027", "remote", …
    starts_on: date | None = None
    ends_on: date | None = None  # None: open end
    missing: tuple[PaperNeed, ...] = ()  # of papers: what is not handed in yet and may come later
    authorised: bool = True  # False: an agent block without evidence is incomplete (the error stands in the form)

    @property
    def errors(self) -> dict[str, str]:
        """Field → sentence."""
        return self.form.errors

    @property
    def exit(self) -> Remark | None:
        """The way out when no case is needed."""
        return next((remark for remark in self.remarks if remark.level is Level.EXIT), None)

    @property
    def to_confirm(self) -> tuple[Remark, ...]:
        """Warnings that were not confirmed yet."""
        return tuple(remark for remark in self.remarks if remark.level is Level.WARN)

    @property
    def to_county(self) -> bool:
        """Whether the county must decide."""
        return any(remark.level is Level.HANDUP for remark in self.remarks)

    @property
    def ok(self) -> bool:
        """Whether it can be submitted."""
        return not self.form.errors and self.exit is None


@dataclass(frozen=True)
class Family:
    """One family of forms. `sections`: headings and the fields below them, in the order in which they are asked."""

    name: str  # remote_care
    items: frozenset[int]
    version: int  # of the form; frozen with the answers
    shape: type[BaseModel]
    check: Callable[[int, Any, Circumstances], Checked]  # item number, what was typed, circumstances
    sections: tuple[tuple[Any, tuple[str, ...]], ...]
