"""城乡居民停保（终止参保）登记, item 4 (forms.md §4, its rows stop_reason and stop_date)."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any

from cases.admission import admission_remarks, filed_already
from cases.blocks import Blocks, block_facts, block_rules
from cases.circumstances import About, Circumstances
from cases.filing import Checked, Family, Level, PaperNeed, Remark
from cases.guardian import guardian_papers, guardian_remarks
from cases.outcome import checked, identity_paper, person_answers, person_subject
from cases.person import person_options
from cases.promise import promise_rules
from cases.sections import AGENT, GUARDIAN, PERSON, PROMISE, REACH
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import SheetForm, read_sheet

REASONS = (
    ("joined_employee", _l("参加了职工医保")),
    ("moved", _l("搬到外地参保")),
    ("abroad", _l("出国定居")),
    ("enlisted", _l("参军")),
    ("died", _l("去世")),
    ("duplicate", _l("重复参保")),
    ("other", _l("其他")),
)
LATEST_DAYS = 31


class StopEnrol(Blocks):
    """One person's residents' insurance ends."""

    stop_reason: Annotated[str | None, Ask(_l("为什么停保"), widget="choice", options=REASONS, must=True)] = None
    stop_words: Annotated[
        str | None,
        Ask(
            _l("停保原因"),
            least=4,
            most=100,
            must=True,
            missing=_l("请写明停保原因"),
            when=(When("stop_reason", ("other",)),),
        ),
    ] = None
    stop_date: Annotated[date | None, Ask(_l("从哪天停"), _l("去世的填去世日期"), widget="date", must=True)] = None

    @classmethod
    def facts(cls, said: dict[str, Any], about: About) -> dict[str, str]:
        return block_facts(said, about)

    @classmethod
    def options(cls, name: str, about: About) -> tuple[tuple[str, Any], ...] | None:
        return person_options(name)

    @classmethod
    def rules(cls, form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
        yield from block_rules(form, about)
        yield from _matter(form, about)
        yield from promise_rules(form, about)


def check(item_no: int, typed: Any, circumstances: Circumstances) -> Checked:
    """What is wrong with a stop, what to say of it, what to keep."""
    about = About(item_no, circumstances)
    form = read_sheet(StopEnrol, typed, about)
    derived = person_answers(form, about) | {"insutype": "390", "paus_insu_date": form.said["stop_date"]}
    return checked(
        form,
        about,
        sections=STOP_ENROL.sections,
        subject=person_subject(form, about),
        remarks=_remarks(form, about),
        papers=_papers(form, about),
        derived=derived,
        live_key=str(item_no),
        starts_on=form.said["stop_date"],
    )


def _matter(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    said, today = form.said, about.at.today
    died, latest = said["stop_reason"] == "died", today + timedelta(days=LATEST_DAYS)
    if about.at.known and about.at.known.psn_no is None:
        yield "certno", _("没有查到这个人的参保信息，请核对证件号码")
    if died and not said["by_agent"] and form.facts["guardian_needed"] == "0":
        yield "by_agent", _("已故人员请由亲属办理")
    if said["stop_date"] and died and said["stop_date"] > today:
        yield "stop_date", _("%(label)s不能晚于今天", label=_("去世日期"))
    elif said["stop_date"] and said["stop_date"] > latest:
        yield "stop_date", _("停保日期最晚 %(day)s", day=latest.isoformat())
    for one in about.at.live:
        if one.same_person and one.live_key == str(about.item_no):
            yield "form", filed_already(about, one)


def _remarks(form: SheetForm[Any], about: About) -> Iterator[Remark]:
    died = form.said["stop_reason"] == "died"
    for remark in admission_remarks(about):
        if not (died and remark.level is Level.HANDUP):  # that they died is what is being told
            yield remark
    yield from guardian_remarks(form, about)
    if form.said["stop_reason"] and not died:
        yield Remark(Level.WARN, "stop_reason", _("停保后看病不能报销，已缴费用能否退以税务和参保地规定为准"))


def _papers(form: SheetForm[Any], about: About) -> Iterator[PaperNeed]:
    yield from identity_paper(form, about)
    if form.said["stop_reason"] == "died" and not (about.at.known and about.at.known.died):
        yield PaperNeed("death_proof", _("死亡证明"), by_later=True, due=about.at.supplement_day())
    if form.facts["guardian_needed"] == "1":
        yield from guardian_papers(form.said, about)


STOP_ENROL = Family(
    name="stop_enrol",
    items=frozenset({4}),
    version=1,
    shape=StopEnrol,
    check=check,
    sections=(
        (_l("谁要停保"), (*PERSON, "insu_admdvs", *REACH, *GUARDIAN, *AGENT)),
        (_l("停保"), ("stop_reason", "stop_words", "stop_date")),
        (_l("确认"), tuple(name for name in PROMISE if name not in {"promise", "commit_by"})),
    ),
)
