"""城乡居民参保登记, item 1 (forms.md §2). Registering is not paying: that comes after, to the tax office."""

from collections.abc import Iterator
from typing import Annotated, Any

from cases.address import Home, Register, address_remarks, division_rules
from cases.admission import admission_remarks, filed_already
from cases.blocks import Blocks, block_facts, block_rules
from cases.circumstances import About, Circumstances
from cases.enrolment import YEAR, Ethnicity, paying, year_closed, year_options
from cases.filing import Checked, Family, Level, PaperNeed, Remark
from cases.guardian import guardian_papers, guardian_remarks
from cases.outcome import checked, identity_paper, person_answers, person_subject
from cases.person import age_of, person_options
from cases.places import place_name, pool_area
from cases.promise import promise_rules
from cases.sections import AGENT, GUARDIAN, PERSON, PROMISE, REACH
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import SheetForm, read_sheet

KINDS = (
    ("first", _l("第一次参保")),
    ("resume", _l("恢复参保（断过再参保）")),
    ("moved_in", _l("从外地转来")),
)
YES_NO = (("yes", _l("是")), ("no", _l("不是")))
LIVES_HERE = (
    ("residence_permit", _l("居住证")),
    ("student_record", _l("学籍")),
    ("work", _l("工作证明")),
    ("other", _l("其他")),
    ("later", _l("以后补交")),
)
OTHER_INSURANCE = (
    ("none", _l("没有")),
    ("active", _l("正在参加职工医保")),
    ("just_left", _l("刚离职，职工医保已停")),
)
STATUSES = (
    ("none", _l("没有")),
    ("destitute", _l("特困")),
    ("low_income", _l("低保")),
    ("low_income_edge", _l("低保边缘")),
    ("back_in_poverty", _l("返贫致贫")),
    ("monitored", _l("监测对象")),
    ("orphan", _l("孤儿或事实无人抚养")),
    ("severe_disability", _l("重度残疾")),
    ("honoured", _l("优抚")),
)
YOUNGEST_STUDENT, OLDEST_STUDENT = 3, 45
SCHOOL, OLD = 7, 60  # full years; between them and 18 the national categories change


class ResidentEnrol(Ethnicity, Register, Home, Blocks):
    """One person, one year."""

    no_certno: Annotated[bool, Ask(_l("孩子还没上户口，没有身份证号"), widget="tick")] = False
    enrol_kind: Annotated[
        str | None, Ask(_l("参保方式"), _l("断过再参保选“恢复”"), widget="choice", options=KINDS, must=True)
    ] = None
    insu_year: Annotated[
        int | None,
        Ask(_l("参保年度"), widget="choice", clean="number", pattern=YEAR, must=True, secrecy="pub"),
    ] = None
    is_student: Annotated[bool, Ask(_l("在校学生"), widget="tick")] = False
    school_name: Annotated[str | None, Ask(_l("学校"), most=100, must=True, when=(When("is_student", ("1",)),))] = None
    hsreg_local: Annotated[str | None, Ask(_l("户口是不是在本市"), widget="choice", options=YES_NO, must=True)] = None
    live_proof: Annotated[
        str | None,
        Ask(
            _l("用什么说明在这里生活或上学"),
            _l("能查到的不用交"),
            widget="choice",
            options=LIVES_HERE,
            must=True,
            when=(When("hsreg_local", ("no",)), When("lives_here", ("0",))),
        ),
    ] = None
    other_insurance: Annotated[
        str | None, Ask(_l("现在有没有职工医保"), widget="choice", options=OTHER_INSURANCE, must=True)
    ] = None
    last_insu_year: Annotated[
        int | None,
        Ask(
            _l("上次参保是哪一年"),
            _l("记不清可以不填"),
            widget="number",
            clean="number",
            pattern="(19|20)[0-9]{2}",
            when=(When("enrol_kind", ("resume",)),),
        ),
    ] = None
    sp_psn_type: Annotated[
        str | None,
        Ask(_l("特殊身份（没有就不选）"), _l("由部门数据核对"), widget="choice", options=STATUSES, secrecy="sen"),
    ] = None
    dis_cert_no: Annotated[
        str | None,
        Ask(
            _l("残疾证号"),
            clean="number",
            pattern="[0-9]{17}[0-9X][0-9]{2}([0-9]{2})?",
            wrong=_l("残疾证号应为 20 位"),
            secrecy="sen",
        ),
    ] = None

    @classmethod
    def facts(cls, said: dict[str, Any], about: About) -> dict[str, str]:
        known = about.at.known
        return block_facts(said, about) | {"lives_here": "1" if known and known.lives_here else "0"}

    @classmethod
    def options(cls, name: str, about: About) -> tuple[tuple[str, Any], ...] | None:
        return year_options(about) if name == "insu_year" else person_options(name)

    @classmethod
    def rules(cls, form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
        yield from block_rules(form, about)
        yield from division_rules(form, about, "resd_loc_admdvs", cities_elsewhere=True)
        yield from division_rules(form, about, "live_division", cities_elsewhere=False)
        yield from _matter(form, about)
        yield from promise_rules(form, about)


def check(item_no: int, typed: Any, circumstances: Circumstances) -> Checked:
    """What is wrong with an enrolment, what to say of it, what to keep."""
    about = About(item_no, circumstances)
    form = read_sheet(ResidentEnrol, typed, about)
    derived = person_answers(form, about) | {"insutype": "390", "psn_type": _category(form.said, about)}
    return checked(
        form,
        about,
        sections=RESIDENT_ENROL.sections,
        subject=person_subject(form, about),
        remarks=_remarks(form, about),
        papers=_papers(form, about),
        derived=derived,
        live_key=f"{item_no}:{form.said['insu_year'] or ''}",
    )


def _matter(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    said, at = form.said, about.at
    closed = year_closed(about, said["insu_year"]) if said["insu_year"] else None
    if closed:
        yield "insu_year", closed
    yield from _insured_already(said, about)
    if said["last_insu_year"] and said["last_insu_year"] > at.today.year:
        yield "last_insu_year", _("上次参保年份不能晚于今年")
    if said["dis_cert_no"] and said["certno"] and said["dis_cert_no"][:18] != said["certno"]:
        yield "dis_cert_no", _("残疾证号前 18 位应和身份证号一样")
    for one in at.live:
        if one.same_person and said["insu_year"] and one.live_key == f"{about.item_no}:{said['insu_year']}":
            yield "form", filed_already(about, one)


def _insured_already(said: dict[str, Any], about: About) -> Iterator[tuple[str, str]]:
    """One insurance at a time."""
    rows = [row for row in about.at.known.insurances if row.status == "1"] if about.at.known else []
    if said["other_insurance"] == "active" or any(row.insutype == "310" for row in rows):
        yield "other_insurance", _("正在参加职工医保的不能同时参加居民医保；已离职的请先由单位办停保")
    for row in rows:
        if row.insutype == "390" and said["insu_admdvs"] and pool_area(row.admdvs) != pool_area(said["insu_admdvs"]):
            area = place_name(row.admdvs) or _("外地")
            yield "other_insurance", _("查到本人已在%(area)s参加居民医保，请先办停保或转移", area=area)


def _category(said: dict[str, Any], about: About) -> str | None:
    """psn_type, from age and school; None while the age is not known."""
    age = age_of(said, about)
    if age is None:
        return None
    if age >= OLD and not said["is_student"]:
        return "1601"
    if age >= 18:
        return "1404" if said["is_student"] else "1501"
    if said["is_student"]:
        return "1403"
    return "1402" if age < SCHOOL else "1405"


def _helped(said: dict[str, Any], about: About) -> bool:
    """Who receives assistance, as the departments' data say, never waits."""
    return bool(about.at.known and about.at.known.special_status)


def _remarks(form: SheetForm[Any], about: About) -> Iterator[Remark]:
    said = form.said
    if said["no_certno"]:
        yield Remark(Level.EXIT, "no_certno", _("没有身份证号的孩子请办“城乡居民参保登记（新生儿）”"))
    yield from admission_remarks(about)
    yield from guardian_remarks(form, about)
    yield from address_remarks(said)
    age = age_of(said, about)
    if said["is_student"]:
        yield Remark(Level.INFO, "is_student", _("学校统一办理的，不用再在这里办"))
        if age is not None and not YOUNGEST_STUDENT <= age <= OLDEST_STUDENT:
            yield Remark(Level.WARN, "is_student", _("学生身份和年龄对不上，请核对"))
    if said["live_proof"] == "later":
        day = about.at.supplement_day().isoformat()
        yield Remark(Level.WARN, "live_proof", _("先受理，证明请在 %(day)s 前补来", day=day))
    new_student = said["is_student"] and said["enrol_kind"] == "first"
    waits = not _helped(said, about) and not new_student
    if said["enrol_kind"] == "resume" and said["last_insu_year"] and waits:
        yield Remark(Level.INFO, "last_insu_year", _("中断过参保的可能有待遇等待期，以参保地核定为准"))
    yield from paying(about, said["insu_year"], waits=waits)


def _papers(form: SheetForm[Any], about: About) -> Iterator[PaperNeed]:
    said, due = form.said, about.at.supplement_day()
    yield from identity_paper(form, about)
    if said["live_proof"]:
        yield PaperNeed("living_proof", _("在这里生活或上学的证明"), by_later=True, due=due)
    claimed = said["sp_psn_type"] not in {None, "none"}
    if claimed and not _helped(said, about):
        yield PaperNeed("status_proof", _("特殊身份证明"), by_later=True, due=due)
    if form.facts["guardian_needed"] == "1":
        yield from guardian_papers(said, about)


RESIDENT_ENROL = Family(
    name="resident_enrol",
    items=frozenset({1}),
    version=1,
    shape=ResidentEnrol,
    check=check,
    sections=(
        (_l("谁要参保"), ("no_certno", *PERSON, "naty", *REACH, *GUARDIAN, *AGENT)),
        (
            _l("参保"),
            (
                "enrol_kind",
                "insu_year",
                "insu_admdvs",
                "hsreg_local",
                "resd_loc_admdvs",
                "hsreg_addr",
                "live_division",
                "live_addr",
                "is_student",
                "school_name",
                "other_insurance",
                "last_insu_year",
                "sp_psn_type",
                "dis_cert_no",
            ),
        ),
        (_l("材料"), ("live_proof",)),
        (_l("确认"), PROMISE),
    ),
)
