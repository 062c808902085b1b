"""城乡居民参保登记（新生儿）, item 2 (forms.md §3): a guardian enrols a child on the birth certificate alone."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import Field

from cases.admission import admission_remarks, admission_rules, filed_already
from cases.agent import Agent, agent_rules
from cases.circumstances import About, Circumstances
from cases.contact import Insured, insured_rules
from cases.days import add_months
from cases.enrolment import YEAR, Ethnicity, period_of, year_closed, year_options, years_open
from cases.filing import Checked, Family, Level, PaperNeed, Remark, Subject
from cases.guardian import Guardian, guardian_facts, guardian_papers, guardian_remarks, guardian_rules
from cases.outcome import checked, person_answers
from cases.person import CHECKED_HOW, SEXES, person_facts, person_options
from cases.places import place_name
from cases.promise import Promise, promise_facts, promise_rules
from cases.sections import AGENT, GUARDIAN, PROMISE
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.id_number import RESIDENT, read_id_number
from common.sheets import SheetForm, read_sheet

LIVE_KEY = "2"  # the child is found by the certificate's number, which stands in no key


class NewbornEnrol(Ethnicity, Insured, Guardian, Agent, Promise):
    """One child; twins are two filings."""

    psn_name: Annotated[
        str | None,
        Ask(
            _l("孩子姓名"),
            _l("和出生证上一样"),
            clean="name",
            least=2,
            most=50,
            must=True,
            missing=_l("请填写出生医学证明上孩子的姓名"),
            secrecy="sen",
        ),
    ] = None
    birth_cert_no: Annotated[
        str | None,
        Ask(
            _l("出生医学证明编号"),
            _l("证上印的编号，字母不分大小写"),
            clean="number",
            pattern="[A-Z][0-9]{9}",
            wrong=_l("出生医学证明编号是 1 个字母加 9 位数字"),
            must=True,
            secrecy="sen",
        ),
    ] = None
    gend: Annotated[str | None, Ask(_l("性别"), widget="choice", options=SEXES, must=True, secrecy="sen")] = None
    brdy: Annotated[date | None, Ask(_l("出生日期"), widget="date", must=True, secrecy="sen")] = None
    certno: Annotated[
        str | None,
        Ask(_l("孩子身份证号（上了户口才填）"), _l("没有不填，以后补"), clean="number", most=50, secrecy="sen"),
    ] = None
    multi_birth_no: Annotated[
        int | None,
        Ask(
            _l("双胞胎、多胞胎里第几个"),
            _l("每个孩子各办一份"),
            widget="number",
            clean="number",
            pattern="[1-8]",
            wrong=_l("第几个请填 1 到 8"),
            secrecy="sen",
        ),
    ] = None
    birth_hospital: Annotated[str | None, Ask(_l("出生医院"), most=50, secrecy="sen")] = None
    insu_years: Annotated[
        list[int],
        Ask(
            _l("参保年度"),
            _l("两个年度要分别缴费"),
            widget="choices",
            clean="number",
            pattern=YEAR,
            must=True,
            missing=_l("请至少选一个参保年度"),
            secrecy="pub",
        ),
    ] = Field(default_factory=list)
    ident_by: Annotated[
        str | None,
        Ask(
            _l("怎么核对的监护人身份"),
            _l("医保码只扫码核对，不截图不代管"),
            widget="choice",
            options=CHECKED_HOW,
            must=True,
            when=(When("staff", ("1",)),),
        ),
    ] = None

    @classmethod
    def facts(cls, said: dict[str, Any], about: About) -> dict[str, str]:
        facts = person_facts(said, about) | guardian_facts(said, about)
        consents = said["grdn_name"] is not None
        return facts | promise_facts(about, promised=False, consents=consents, by_agent=said["by_agent"] is True)

    @classmethod
    def options(cls, name: str, about: About) -> tuple[tuple[str, Any], ...] | None:
        return year_options(about) if name == "insu_years" else person_options(name)

    @classmethod
    def rules(cls, form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
        yield from admission_rules(about)
        yield from insured_rules(form, about)
        yield from _child(form, about)
        yield from guardian_rules(form, about)
        yield from agent_rules(form, about)
        yield from _years(form, about)
        if about.at.station and not _certificate_here(about):
            yield "papers", _("请拍下出生医学证明，或交电子证明")
        for one in about.at.live:
            if one.item_no == about.item_no and one.same_person and form.said["birth_cert_no"]:
                yield "form", filed_already(about, one)
        yield from promise_rules(form, about)


def check(item_no: int, typed: Any, circumstances: Circumstances) -> Checked:
    """What is wrong with a newborn's enrolment, what to say of it, what to keep."""
    about = About(item_no, circumstances)
    form = read_sheet(NewbornEnrol, typed, about)
    said = form.said
    derived = person_answers(form, about) | {"nwb_flag": "1", "insutype": "390", "psn_type": "1401"}
    if said["certno"]:
        derived["psn_cert_type"] = RESIDENT
    subject = None
    if said["psn_name"] and said["birth_cert_no"]:
        subject = Subject(
            name=said["psn_name"],
            cert_type=None,  # by the certificate of birth, also once there is a number: one child, one key
            certno=said["birth_cert_no"],
            sex=said["gend"],
            born=said["brdy"],
            mobile=said["grdn_mob"],
            contact_name=said["grdn_name"],
            contact_tel=said["grdn_mob"],
        )
    return checked(
        form,
        about,
        sections=NEWBORN_ENROL.sections,
        subject=subject,
        remarks=_remarks(form, about),
        papers=_papers(form, about),
        derived=derived,
        live_key=LIVE_KEY,
    )


def _child(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    said, at = form.said, about.at
    born: date | None = said["brdy"]
    if born and born > at.today:
        yield "brdy", _("%(label)s不能晚于今天", label=_("出生日期"))
    elif born and add_months(born, at.rules.newborn_max_age_months) <= at.today:
        yield "brdy", _("孩子已满 1 周岁，请办“城乡居民参保登记”")
    if not said["certno"]:
        return
    try:
        found = read_id_number(RESIDENT, said["certno"], at.today)
    except ValueError as problem:
        yield "certno", str(problem)
        return
    if born and found.born != born:
        yield "certno", _("孩子的身份证号和出生日期对不上")
    elif said["gend"] and found.sex != said["gend"]:
        yield "certno", _("孩子的身份证号和性别对不上")


def _years(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    born: date | None = form.said["brdy"]
    for year in form.said["insu_years"] or []:
        closed = year_closed(about, year)
        if born and year < born.year:
            yield "insu_years", _("孩子 %(year)s 年还没出生，不能选", year=year)
        elif closed and not (born and year == born.year):  # the year of birth, already over: the county decides
            yield "insu_years", closed


def _certificate_here(about: About) -> bool:
    shared = about.at.known is not None and about.at.known.birth_certificate_shared
    return shared or "birth_certificate" in about.at.papers


def _papers(form: SheetForm[Any], about: About) -> Iterator[PaperNeed]:
    if not (about.at.known and about.at.known.birth_certificate_shared):
        yield PaperNeed("birth_certificate", _("出生医学证明"))
    yield from guardian_papers(form.said, about)


def _remarks(form: SheetForm[Any], about: About) -> Iterator[Remark]:
    said = form.said
    yield from admission_remarks(about)
    yield from guardian_remarks(form, about)
    if said["grdn_relation"] not in {None, "mother", "father"}:
        yield Remark(Level.INFO, "grdn_relation", _("不是父母的监护人，请交监护关系材料"))
    for one in about.at.live:
        if one.item_no == about.item_no and not one.same_person and one.birth_day and one.birth_day == said["brdy"]:
            yield Remark(Level.WARN, "birth_cert_no", _("这位监护人已为同日出生的孩子办过，请确认是双胞胎或多胞胎"))
    for year in said["insu_years"] or []:
        if year not in years_open(about):
            yield Remark(Level.HANDUP, "insu_years", _("%(year)s 年度已经结束，能否补办由县医保局核实", year=year))
    if said["brdy"]:
        yield from _from_when(said, about)


def _from_when(said: dict[str, Any], about: About) -> Iterator[Remark]:
    """From which day the insurance may pay, as far as anything is known of it."""
    born, days, spoken = said["brdy"], about.at.rules.newborn_window_days, False
    for year in said["insu_years"] or []:
        period = period_of(about, year)
        if period and period.start <= born <= period.end:
            spoken = True
            yield Remark(
                Level.INFO,
                "insu_years",
                _("集中缴费期出生的孩子，缴 %(year)s 年度费用后即可享受待遇", year=year),
            )
    if days is not None and about.at.today <= born + timedelta(days=days):
        spoken = True
        city = about.at.station.city_name if about.at.station else place_name(said["insu_admdvs"])
        yield Remark(
            Level.INFO,
            "form",
            _(
                "%(city)s规定出生 %(days)s 天内登记并缴费的从出生之日起享受待遇，最晚 %(day)s",
                city=city,
                days=days,
                day=(born + timedelta(days=days)).isoformat(),
            ),
        )
    if not spoken:
        yield Remark(Level.INFO, "form", _("待遇从哪天算起以参保地核定为准"))


NEWBORN_ENROL = Family(
    name="newborn_enrol",
    items=frozenset({2}),
    version=1,
    shape=NewbornEnrol,
    check=check,
    sections=(  # the guardian stands at the counter, so they come first
        (_l("谁是监护人"), ("ident_by", *(name for name in GUARDIAN if name.startswith("grdn")), *AGENT)),
        (
            _l("哪个孩子"),
            ("psn_name", "birth_cert_no", "gend", "brdy", "certno", "naty", "multi_birth_no", "birth_hospital"),
        ),
        (_l("参保"), ("insu_admdvs", "insu_years")),
        (_l("确认"), tuple(name for name in PROMISE if name not in {"promise", "commit_by"})),
    ),
)
