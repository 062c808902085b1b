"""Filling a form in, page by page: what a draft says as it stands, keeping what was typed, handing it in. Room `cases`, floor 4.

Never commits. The same for staff and for a resident at home (`by` None).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.models import Account
from accounts.policy import Actor
from cases import drafts, form_places, look_up
from cases.drafts import Refused
from cases.families import FAMILIES
from cases.filing import Checked, Family, PaperNeed
from cases.form_steps import (
    CHANNEL,
    CODE,
    CODE_TAIL,
    CONFIRMED,
    SIGNED,
    Step,
    ask_of,
    channel_of,
    confirmed,
    fields_of,
    seen_part,
    typed_of,
)
from cases.item_names import unlisted_words
from cases.models import Case, Draft, KeptOperation
from cases.receipts import follow_hash
from cases.submitting import NotFit, Submitted, check_draft, kept_answer, submit
from cases.two_pages import WRITERS, settle, written
from common import audit, clock
from common.i18n import gettext as _
from common.sealing import fingerprint, keys_of
from common.sheets import plain_number
from services_catalog.queries import catalogue
from stations import queries as stations

CHANNELS = ("window", "assisted", "door_to_door", "self_service")
# What a resident's own browser may have sent, and only the counter may say.
ONLY_HERE = SIGNED | {"ident_by", CHANNEL, CONFIRMED, CODE, CODE_TAIL, WRITERS}
NUMBERS = ("certno", "birth_cert_no")  # by the last four of which a resident's draft is found


@dataclass(frozen=True)
class Filled:
    """A draft, the form it belongs to, and what the form says of it. `places`: of its fields, code → name."""

    draft: Draft
    family: Family
    checked: Checked
    places: dict[str, Mapping[str, str]]

    @property
    def said(self) -> dict[str, Any]:
        """What each field means; None where it is empty or wrong."""
        return getattr(self.checked.form, "said", {})

    @property
    def channel(self) -> str:
        """How it is handled."""
        return _channel(self.draft.answers)

    @property
    def confirmed(self) -> list[str]:
        """Which doubts were confirmed."""
        return list(self.draft.answers.get(CONFIRMED) or [])

    @property
    def needs(self) -> list[PaperNeed]:
        """The papers somebody has to hand in; what is only looked at is not among them."""
        return [need for need in self.checked.papers if not getattr(need, "only_shown", False)]

    @property
    def seen(self) -> str:
        """What stands in the summary, as a short mark: another one means that it was changed meanwhile."""
        return fingerprint(seen_part(self.draft.answers))[:16]


def look(session: Session, draft: Draft, *, by: Actor | None, now: datetime) -> Filled:
    """What the form says of the draft as it stands. At most nine SELECTs."""
    said = draft.answers
    checked = check_draft(
        session,
        draft,
        now=now,
        by=by,
        channel=_channel(said),
        own_mobile=own_mobile(session, by),
        known=look_up.known_of(said, now),
        unreachable=look_up.silent(said, now),
        confirmed=frozenset(said.get(CONFIRMED) or ()),
    )
    family = FAMILIES[draft.item_no]
    return Filled(draft, family, checked, places_of(session, family, draft))


def _channel(said: Mapping[str, Any]) -> str:
    chosen = said.get(CHANNEL)
    return str(chosen) if chosen in CHANNELS else CHANNELS[0]


def own_mobile(session: Session, by: Actor | None) -> str | None:
    """The telephone of whoever types: it may not stand in for a resident's."""
    account = session.get(Account, by.account_id) if by else None
    return account.phone if account else None


def places_of(session: Session, family: Family, draft: Draft) -> dict[str, Mapping[str, str]]:
    """The places that its fields may name. One SELECT, of the station; divisions are in memory."""
    named = [name for _heading, names in family.sections for name in names if ask_of(family, name).widget == "region"]
    found = stations.station(session, draft.station_code) if draft.station_code else None
    city = found.county_code[:4] + "00" if found else None
    return {name: dict(form_places.choices(session, name, city)) for name in named}


# Keeping what was typed


def first_answers(item_no: int, now: datetime) -> dict[str, str]:
    """What a form at a counter begins with: it usually holds from today on."""
    names = FAMILIES[item_no].shape.model_fields
    return {"begndate": clock.local_date(now).isoformat()} if "begndate" in names else {}


def locked(session: Session, id: str, *, now: datetime, by: Actor | None = None, secret: str = "") -> Draft:
    """The draft, until the transaction ends nobody else's to change. Raises Refused when it is not there."""
    session.execute(sa.select(Draft.id).where(Draft.id == id).with_for_update())
    return looked_at(session, id, now=now, by=by, secret=secret)


def looked_at(session: Session, id: str, *, now: datetime, by: Actor | None = None, secret: str = "") -> Draft:
    """The draft, to read. Raises Refused when it is not there."""
    found = drafts.find(session, id, now=now, by=by, secret=secret)
    if found is None:
        raise Refused(gone_words(), 404)
    return found


def gone_words() -> str:
    """Of a draft that cannot be found."""
    return _("这份草稿已经不在了：可能交上去了、删掉了，或者过期了。")


def keep(session: Session, draft: Draft, sent: Any, *, step: Step | None, now: datetime) -> dict[str, Any]:
    """Keep what was sent (a MultiDict): the whole of one page, or with `step` None single fields. Returns what is not kept
    because another page has changed it since: field → what was typed here. Raises Refused."""
    family = FAMILIES[draft.item_no]
    whole = fields_of(family, step) if step else ()
    typed = typed_of(family, sent, whole)
    places = places_of(session, family, draft) if any(ask_of(family, name).widget == "region" for name in typed) else {}
    typed |= {
        name: form_places.code_of(value, places[name]) for name, value in typed.items() if name in places and value
    }
    said = draft.answers
    settled = settle(said, typed | channel_of(sent), sent)
    kept = settled.kept
    drafts.save(draft, kept | confirmed(said, kept, sent) | written(said, kept, sent), now)
    if draft.answers.get(CODE) and draft.answers.get(CODE_TAIL) != tail_of(draft.answers):
        forget_code(draft)
    return settled.clashes


def as_typed(session: Session, filled: Filled, typed: Mapping[str, Any], *, by: Actor | None, now: datetime) -> Filled:
    """The draft as it would be with these answers too; they are kept nowhere."""
    held = filled.draft
    columns = {column.key: getattr(held, column.key) for column in sa.inspect(Draft).column_attrs}
    return look(session, Draft(**columns | {"answers": held.answers | dict(typed)}), by=by, now=now)


# The code of a resident's own


def tail_of(answers: Mapping[str, Any]) -> str:
    """The last four of the number by which a draft is loaded; "" while there is none."""
    number = next((plain_number(str(answers[name])) for name in NUMBERS if answers.get(name)), "")
    return number[-drafts.TAIL :]


def tell_code(session: Session, draft: Draft, now: datetime) -> None:
    """Give the draft a code, which its resident may look up again. Raises Refused without a number."""
    number = next((plain_number(str(draft.answers[name])) for name in NUMBERS if draft.answers.get(name)), "")
    if len(number) < drafts.TAIL:
        raise Refused(_("先填好证件号码，取件码要配着号码的后四位用。"), 422)
    told = drafts.tell(session, draft, number, now)
    draft.answers = {**draft.answers, CODE: told.code, CODE_TAIL: number[-drafts.TAIL :]}
    draft.version += 1


def forget_code(draft: Draft) -> None:
    """The code opens nothing any more."""
    draft.code_index = None
    draft.answers = {name: value for name, value in draft.answers.items() if name not in {CODE, CODE_TAIL}}


def load(session: Session, code: str, tail: str, *, by: Actor, now: datetime) -> Draft | None:
    """A resident's draft into this actor's hands; None when code and number open none. Raises Refused where the item
    is no longer listed, or the station has not taken it on: the caller then keeps nothing, and the code goes on to open it."""
    draft = drafts.load(session, code, plain_number(tail), by=by, now=now)
    if draft is not None:
        if draft.item_no not in catalogue(session).items:
            raise Refused(unlisted_words(), 410)
        station = stations.station(session, by.station_code) if by.station_code else None
        if station is not None and not (station.direct_mask | station.assist_mask) >> draft.item_no & 1:
            raise Refused(_("本站没有承接这件事，请到能办的站点办理。") + _("取件码还能用。"))
        draft.answers = {name: value for name, value in draft.answers.items() if name not in ONLY_HERE}
        audit.record(  # all that a resident typed is before somebody's eyes from now on
            session,
            county_code=by.county_code,
            actor_id=by.account_id,
            actor_role=str(by.role),
            action="draft.load",
            about=("draft", draft.id),
            facts={"item": draft.item_no},
            now=now,
        )
    return draft


# Handing in


def hand_in(session: Session, id: str, op_id: str, seen: str, *, by: Actor, now: datetime) -> Submitted:
    """Make a case of the draft, once: the second tap finds the first one's answer. Raises NotFit, Refused."""
    try:
        draft = locked(session, id, now=now, by=by)
    except Refused:
        done = handed_in(session, op_id, by)
        if done is None:
            raise
        return done
    if op_id != draft.op_id:
        raise Refused(_("这一页不完整。请刷新再试。"), 422)
    filled = look(session, draft, by=by, now=now)
    if seen != filled.seen:
        raise Refused(_("这份申请刚被改过，请看过新内容再提交"))
    if not filled.checked.ok or filled.checked.to_confirm:
        raise NotFit(filled.checked)
    typed = dict(draft.answers)
    return submit(
        session,
        op_id=op_id,
        item_no=draft.item_no,
        typed=typed,
        by=by,
        now=now,
        request_sha=fingerprint(typed),
        draft=draft,
        channel=filled.channel,
        own_mobile=own_mobile(session, by),
        known=look_up.known_of(typed, now),
        unreachable=look_up.silent(typed, now),
        confirmed=frozenset(filled.confirmed),
    )


def handed_in(session: Session, op_id: str, by: Actor) -> Submitted | None:
    """What this operation of this actor became."""
    kept = session.get(KeptOperation, op_id)
    if kept is None or kept.actor_id != by.account_id or "code" not in kept.answer:
        return None
    return kept_answer(kept)


def code_of_receipt(session: Session, case: Case, by: Actor, since: datetime) -> str | None:
    """The code beside the receipt's number, for whoever handed it in, as long as that was after `since`."""
    wanted = sa.select(KeptOperation).where(
        KeptOperation.case_id == case.id, KeptOperation.actor_id == by.account_id, KeptOperation.at > since
    )
    told = [str(kept.answer["code"]) for kept in session.scalars(wanted) if "code" in kept.answer]
    keys = keys_of(session)
    return next(
        (code for code in told if follow_hash(keys, case.ref, code) == case.follow_hash), None
    )  # not a dead one
