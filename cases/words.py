"""A case in words: its answers by section, its papers, its deadline, who did what. Room `cases`, floor 4. No database.

What is personal comes out masked; the full value is asked for one by one (cases/operations.py: reveal).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cases import deadlines, places
from cases.families import FAMILIES
from cases.form_view import say_day
from cases.masks import mask_day, mask_name, mask_number, mask_phone, mask_words
from cases.models import Case, State
from cases.person import CONSENTS, person_options
from cases.queries import SOON_WD
from cases.trail import state_word
from common import clock
from common.forms import Ask
from common.i18n import gettext as _
from common.id_number import age_on
from common.working_days import WorkingDays
from sync.stands import Stand


@dataclass(frozen=True)
class Tag:
    """A state as word and colour; `drawing` is the icon."""

    words: str
    kind: str = ""
    drawing: str = "note"


@dataclass(frozen=True)
class Answer:
    """One line of what was filled in. `field` is set where the full value may be asked for."""

    label: str
    words: str
    field: str = ""


@dataclass(frozen=True)
class Section:
    """One heading of a form and what was answered below it."""

    title: str
    answers: tuple[Answer, ...]


# State and deadline

_KINDS = {
    State.SUBMITTED: ("info", "join"),
    State.ACCEPTED: ("info", "list"),
    State.IN_REVIEW: ("info", "list"),
    State.NEEDS_SUPPLEMENT: ("warn", "note"),
    State.APPROVED: ("info", "transfer"),
    State.PENDING_PAYMENT: ("warn", "wallet"),
    State.DONE: ("ok", "list"),
    State.REFUSED: ("bad", "note"),
    State.WITHDRAWN: ("", "back"),
}


def state_tag(state: str) -> Tag:
    """A state as staff read it."""
    kind, drawing = _KINDS[State(state)]
    return Tag(state_word(state), kind, drawing)


def deadline_tag(case: Case, days: WorkingDays, today: date) -> Tag | None:
    """How many working days are left, as a list says it; None once it is over."""
    if case.desk is None:
        return None
    if case.state == State.NEEDS_SUPPLEMENT:
        return Tag(_("暂停计时"), "", "clock")
    if case.due_on is None:
        return Tag(_("没有期限"), "", "clock")
    left = deadlines.working_days_between(days, today, case.due_on)
    if case.due_on < today:
        over = max(1, deadlines.working_days_between(days, case.due_on, today))
        words, kind = _("超期 %(n)s 天", n=over), "bad"
    elif left == 0:
        words, kind = _("今天到期"), "warn"
    else:
        words, kind = _("剩 %(n)s 天", n=left), "warn" if left <= SOON_WD else ""
    return Tag(_("%(said)s（估算）", said=words) if case.due_estimated else words, kind, "clock")


# How far the province knows of it


def sync_tag(stand: Stand) -> Tag | None:
    """As staff read it; None where nothing is owed."""
    return {
        Stand.SYNCED: Tag(_("已同步"), "ok", "tick"),
        Stand.WAITING: Tag(_("待同步"), "draft", "transfer"),
        Stand.DOUBTFUL: Tag(_("待核实"), "warn", "clock"),
        Stand.REJECTED: Tag(_("平台退回"), "bad", "bang"),
    }.get(stand)


# Answers


def mask_of(field: str) -> Any:
    """The function that masks what says who somebody is or where they live, by the ends of the national names; None for the
    rest."""
    if field.endswith(("certno", "cert_no", "psn_no", "bankacct", "card_no")):
        return mask_number
    if field.endswith(("psn_name", "grdn_name", "agnter_name", "contact_name", "acctname", "spus_name", "other_name")):
        return mask_name
    if field.endswith(("_tel", "mob", "mobile", "phone", "_mob")):
        return mask_phone
    if field.endswith(("_addr", "address")):
        return _mask_address
    return None


def _mask_for(name: str, ask: Ask, child: bool) -> Callable[[str], str] | None:
    """As the page shows an answer; None: as it is. What was picked from a list says no more than the list does, and whoever
    decides needs it. Of what was written, sensitive is what its question says, and of a child under 14 everything."""
    if ask.widget in PICKED:
        return None
    sensitive = ask.secrecy == "sen" or (child and (ask.widget != "date" or name == "brdy"))
    hides: Callable[[str], str] = mask_day if ask.widget == "date" else mask_words
    return mask_of(name) or (hides if sensitive else None)


def _of_child(case: Case) -> bool:
    born = case.subject.get("born")
    return bool(born) and age_on(clock.local_date(case.filed_at), date.fromisoformat(born)) < CONSENTS


def _mask_address(address: str) -> str:
    return address[:3] + "*" * min(len(address) - 3, 6) if len(address) > 3 else "*" * len(address)


PICKED = frozenset({"tick", "choice", "choices", "select", "region", "number"})
_HEAD = frozenset({"psn_name", "certno", "birth_cert_no", "mob", "insu_admdvs"})


def sections_of(case: Case, divisions: Mapping[str, Any], told: Collection[str] = ()) -> list[Section]:
    """What was answered, as the form asks it. Empty answers are left out, and of the person what the page says already
    (`told`: in these words)."""
    family = FAMILIES.get(case.item_no)
    if family is None:
        return []
    found, child = [], _of_child(case)
    for title, fields in family.sections:
        answers = []
        for name in fields:
            said = case.answers.get(name)
            shown = family.shape.model_fields.get(name)
            ask = next((extra for extra in shown.metadata if isinstance(extra, Ask)), None) if shown else None
            if said in (None, "", False, []) or ask is None or (ask.widget == "tick" and said is not True):
                continue
            mask = _mask_for(name, ask, child)
            options = dict(ask.options or person_options(name) or ())
            words = mask(str(said)) if mask else _say(said, ask, options, divisions)
            if name in _HEAD and words in told:
                continue
            answers.append(Answer(str(ask.label), words, name if mask else ""))
        if answers:
            found.append(Section(str(title), tuple(answers)))
    return found


def _say(said: Any, ask: Ask, options: Mapping[str, Any], divisions: Mapping[str, Any]) -> str:
    if said is True:
        return _("是")
    if isinstance(said, list | tuple):
        return _("、").join(_say(one, ask, options, divisions) for one in said)
    if str(said) in options:
        return str(options[str(said)])
    if ask.widget == "date":
        return say_day(date.fromisoformat(str(said)))
    return place_words(str(said), divisions) if ask.widget == "region" else str(said)


def place_words(code: str, divisions: Mapping[str, Any]) -> str:
    """A division with what it lies in: 济南市·历下区. The code itself where it is not known."""
    if not code.startswith(places.SHANDONG):
        return places.place_name(code) or code
    names = [divisions[one].name for one in (code[:4] + "00", code[:6], code[:9]) if one in divisions]
    return "·".join(dict.fromkeys(names)) or code


# Papers


def paper_names() -> dict[str, str]:
    """What papers are called, by kind."""
    return {
        "id": _("本人有效身份证件"),
        "id_front": _("身份证正面"),
        "id_back": _("身份证反面"),
        "household_book": _("户口簿"),
        "residence_proof": _("居住证明"),
        "residence_permit": _("居住证"),
        "resettlement_proof": _("安置认定材料"),
        "work_proof": _("工作证明或劳动合同"),
        "referral_proof": _("转诊转院证明"),
        "birth_certificate": _("出生医学证明"),
        "guardianship_proof": _("监护关系材料"),
        "enrol_form": _("参保登记表"),
        "status_proof": _("身份类别证明"),
        "living_proof": _("在这里生活或上学的证明"),
        "death_proof": _("死亡证明"),
        "change_proof": _("提前变更的材料"),
        "signature": _("签名"),
        "authorisation": _("委托书"),
        "authorisation_signature": _("授权签名"),
        "authorisation_photo": _("委托书的照片"),
        "written_authorisation": _("委托书的照片"),
        "drawn_signature": _("签名"),
        "other": _("其他材料"),
    }


def paper_name(kind: str, asked: Sequence[Mapping[str, str]] = ()) -> str:
    """A paper by its kind; as it was called when it was asked for, where it was."""
    return next((str(one["name"]) for one in asked if one["kind"] == kind), None) or paper_names().get(
        kind, _("其他材料")
    )


# One family's papers: what a clerk may ask for. Asking for more than these needs words of one's own (other).
_ASKABLE = {
    "remote_care": ("id", "residence_proof", "resettlement_proof", "work_proof", "referral_proof", "change_proof"),
    "resident_enrol": ("id", "household_book", "residence_proof", "status_proof", "guardianship_proof"),
    "newborn_enrol": ("birth_certificate", "household_book", "guardianship_proof"),
    "stop_enrol": ("id", "death_proof", "authorisation_photo"),
}


def askable(case: Case, at_hand: Sequence[str]) -> list[tuple[str, str]]:
    """Kind and name of each paper that may be asked for: those of the family and those handed in already."""
    kinds = [*_ASKABLE.get(case.family, ("id",)), *at_hand, "authorisation_photo"]
    names = paper_names()
    return [(kind, names[kind]) for kind in dict.fromkeys(kinds) if kind in names and kind != "other"]


# Authorisation and consent


def kind_of_authorisation(kind: str) -> str:
    """How it was given."""
    return {
        "drawn_signature": _("屏幕上签字"),
        "written_photo": _("书面授权的照片"),
        "spoken_on_video": _("视频里口头授权"),
        "oral_with_witness": _("当面口头授权，两名工作人员在场"),
        "guardian_by_law": _("法定监护人"),
    }.get(kind, kind)


def kind_of_consent(kind: str) -> str:
    """What was agreed to."""
    return {
        "notice": _("看过个人信息告知"),
        "sms": _("同意收短信"),
        "guardian": _("监护人同意"),
        "keep_data": _("同意留资料下次用"),
    }.get(kind, kind)


def given_by(who: str) -> str:
    """By whom a consent was given."""
    return {"self": _("本人"), "guardian": _("监护人"), "agent": _("代办人")}.get(who, who)
