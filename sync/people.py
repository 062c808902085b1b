"""What the province knows of a person (transaction 1101): to fill in a form, and to check it. Room `sync`, floor 2.

Somebody waits at a counter: a short time-out, one attempt, and None where there is no answer. The form works without it.
"""

import time
from dataclasses import dataclass
from typing import Any

from sync.channels import paused
from sync.talking import Talk

PERSON = "person"
BY_ID_NUMBER = "02"  # mdtrt_cert_type
MOST_ROWS = 50
WITHIN_S = 6.0  # question, sign-in and question again, together
QUIET_S = 60.0  # after silence nobody waits again for so long
SILENT = ("timeout", "connect", "broken", "endless", "token")


@dataclass(frozen=True)
class Insured:
    """One insuinfo row: which insurance, of what kind of person, in what state, where."""

    insutype: str
    psn_type: str
    status: str  # psn_insu_stas: 0 none, 1 normal, 2 paused, 3 void, 4 ended
    admdvs: str
    employer: str = ""


@dataclass(frozen=True)
class PersonFacts:
    """baseinfo, insuinfo and idetinfo as far as forms ask for them. Texts as the province writes them."""

    psn_no: str
    name: str
    gend: str
    brdy: str
    naty: str
    insurances: tuple[Insured, ...]
    special: tuple[str, ...]  # psn_idet_type: 低保 and the like
    died: bool


NOBODY = PersonFacts(psn_no="", name="", gend="", brdy="", naty="", insurances=(), special=(), died=False)


@dataclass
class Patience:
    """What a process remembers of a platform that did not answer: until when (time.monotonic) nobody asks it again."""

    quiet_until: float = 0.0


def look_up_person(
    talk: Talk,
    certno: str,
    cert_type: str = "01",
    name: str = "",
    patience: Patience | None = None,
    until: float | None = None,
) -> PersonFacts | None:
    """The facts, NOBODY when the province knows nobody of this number; None when it says nothing or the channel is paused.

    Takes a message number, so it writes. It ends at `until` (time.monotonic), WITHIN_S from now without it, each question no
    longer than the transaction's read_s in the channel file; with `patience` None comes at once for a minute after the platform was silent.
    """
    patience, began = patience or Patience(), time.monotonic()
    until = began + WITHIN_S if until is None else until
    if PERSON not in talk.channel.profile.transactions or not patience.quiet_until <= began < until:
        return None
    with talk.database.read_session() as session:
        if paused(session, talk.channel.name, talk.clock()):
            return None
    asked: dict[str, Any] = {
        "mdtrt_cert_type": BY_ID_NUMBER,
        "mdtrt_cert_no": certno,
        "psn_cert_type": cert_type,
        "certno": certno,
        "psn_name": name,
    }
    judged = talk.ask(PERSON, asked, until)
    if judged.outcome == "sign_in" and talk.sign_in(
        until
    ):  # the worker has not signed in yet, or its number has run out
        judged = talk.ask(PERSON, asked, until)
    had_time = until - began >= WITHIN_S / 2  # else it was we who were slow
    if had_time and (judged.kind in SILENT or time.monotonic() > until):
        patience.quiet_until = time.monotonic() + QUIET_S
    if judged.outcome == "reject" and judged.kind == "business":
        return NOBODY
    return (facts_of(judged.output) or NOBODY) if judged.outcome == "done" else None


def facts_of(output: Any) -> PersonFacts | None:
    """What an answer of 1101 says; None when it names nobody. Never raises for what it says."""
    base = output.get("baseinfo") if isinstance(output, dict) else None
    if not isinstance(base, dict) or not _text(base, "psn_no"):
        return None
    insured = [
        Insured(
            _text(row, "insutype"),
            _text(row, "psn_type"),
            _text(row, "psn_insu_stas"),
            _text(row, "insuplc_admdvs"),
            _text(row, "emp_name"),
        )
        for row in _rows(output, "insuinfo")
    ]
    special = [_text(row, "psn_idet_type") for row in _rows(output, "idetinfo")]
    return PersonFacts(
        psn_no=_text(base, "psn_no"),
        name=_text(base, "psn_name"),
        gend=_text(base, "gend"),
        brdy=_text(base, "brdy")[:10],
        naty=_text(base, "naty"),
        insurances=tuple(insured),
        special=tuple(kind for kind in special if kind),
        died=_text(base, "surv_stas") not in ("", "1"),
    )


def _rows(output: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = output.get(name)
    return [row for row in found if isinstance(row, dict)][:MOST_ROWS] if isinstance(found, list) else []


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:200]
