"""What the province says of whoever a draft is about, kept beside what was typed. Room `cases`, floor 4. Never commits.

Asked for by a person at a counter, once name and number stand there; sealed in the draft, for this number only, for a day.
What was told counts only for the name that was typed: a number alone opens nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from accounts.policy import Actor
from cases.circumstances import Insurance, Known
from cases.filing import Subject
from cases.models import Draft
from cases.two_pages import WRITERS
from common import audit
from common.i18n import gettext as _
from common.sheets import plain_number
from sync.people import PersonFacts

Ask = Callable[[str, str, str], PersonFacts | None]  # number, kind of certificate, name; None: no answer
PROVINCE = "province"  # as a page of its own, of what it filled in
KNOWN = "known"  # the answer of a draft that holds it
LASTS = timedelta(hours=24)


def known_of(answers: Mapping[str, Any], now: datetime) -> Known | None:
    """What is known of the person whose number is typed; None when nobody was asked, or too long ago, or about another, or
    when there was no answer."""
    said = (_kept(answers, now) or {}).get("said")
    if said is None:
        return None
    return Known(
        psn_no=said["psn_no"],
        insurances=tuple(Insurance(**row) for row in said["insurances"]),
        died=said["died"],
        special_status=said["special_status"],
        naty=said["naty"],
    )


def silent(answers: Mapping[str, Any], now: datetime) -> bool:
    """Whether the province was asked about the person whose number is typed, and said nothing."""
    kept = _kept(answers, now)
    return kept is not None and kept["said"] is None


@dataclass(frozen=True)
class Whom:
    """About whom the province is asked: number and name as they stand in a draft."""

    certno: str
    name: str


def whom(answers: Mapping[str, Any]) -> Whom:
    """About whom a draft is just now."""
    return Whom(plain_number(str(answers.get("certno") or "")), str(answers.get("psn_name") or "").strip())


def _kept(answers: Mapping[str, Any], now: datetime) -> Mapping[str, Any] | None:
    kept = answers.get(KNOWN)
    if not isinstance(kept, Mapping) or Whom(kept.get("certno", ""), kept.get("name", "")) != whom(answers):
        return None
    if not timedelta() <= now - datetime.fromisoformat(kept["at"]) <= LASTS:
        return None
    return kept


def fits(facts: PersonFacts, subject: Subject) -> bool:
    """Whether the province's person is the one who was typed."""
    return facts.name.strip() == subject.name.strip()


def keep(draft: Draft, asked: Whom, facts: PersonFacts, now: datetime) -> None:
    """Remember it in the draft, and fill in what is still empty: which insurance, insured where. Only for a draft that is
    still about whom was asked (`whom`): what is said of one person is never another's."""
    known = Known(
        psn_no=facts.psn_no,
        insurances=tuple(Insurance(one.insutype, one.psn_type, one.status, one.admdvs) for one in facts.insurances),
        died=facts.died,
        special_status=facts.special[0] if facts.special else None,
        naty=facts.naty or None,
    )
    said = {name: asdict(known)[name] for name in ("psn_no", "insurances", "died", "special_status", "naty")}
    answers = dict(draft.answers)
    first = next((one for one in known.insurances if one.status == "1"), None)
    if first and not answers.get("insutype") and first.insutype in {"310", "390"}:
        answers["insutype"] = first.insutype
    if first and not answers.get("insu_admdvs") and first.admdvs.startswith("37"):
        answers["insu_admdvs"] = first.admdvs
    filled = [f"{name}={PROVINCE}" for name in answers if answers[name] != draft.answers.get(name)]
    answers[WRITERS] = [*(draft.answers.get(WRITERS) or []), *filled]  # a page drawn before does not empty them again
    _remember(draft, asked, answers, said, now)


def keep_silence(draft: Draft, asked: Whom, now: datetime) -> None:
    """Remember that it was asked and said nothing. As keep."""
    _remember(draft, asked, dict(draft.answers), None, now)


def _remember(draft: Draft, asked: Whom, answers: dict[str, Any], said: dict[str, Any] | None, now: datetime) -> None:
    answers[KNOWN] = {"at": now.isoformat(), "certno": asked.certno, "name": asked.name, "said": said}
    draft.answers = answers
    draft.version += 1
    draft.updated_at = now


def forget(draft: Draft) -> None:
    """Nothing is known any more."""
    if KNOWN in draft.answers:
        draft.answers = {name: value for name, value in draft.answers.items() if name != KNOWN}
        draft.version += 1


def note(session: Session, about: tuple[str, str], found: bool, *, by: Actor, now: datetime) -> None:
    """Who asked because of which draft or case, and whether somebody was found; about which number stands in no audit."""
    session.flush()
    audit.record(
        session,
        county_code=by.county_code,
        actor_id=by.account_id,
        actor_role=str(by.role),
        action="person.look_up",
        about=about,
        facts={"found": int(found)},
        now=now,
    )


def in_words(known: Known, names: Mapping[str, Any]) -> list[str]:
    """One line for each insurance: 居民医保·正常参保·历下区. names: division → its view."""
    kinds = {"310": _("职工医保"), "390": _("居民医保")}
    states = {"0": _("没参保"), "1": _("正常参保"), "2": _("暂停参保"), "3": _("无效"), "4": _("已终止")}
    lines = []
    for one in known.insurances:
        place = names.get(one.admdvs)
        parts = [kinds.get(one.insutype, one.insutype), states.get(one.status, one.status)]
        lines.append("·".join([*parts, place.name if place else one.admdvs]))
    return lines
