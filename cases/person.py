"""Who it is about: the block every form begins with (forms.md §1.1), and how any number in a form is read."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, NamedTuple

from cases.circumstances import About, Insurance
from cases.item_names import ITEM_NAMES
from cases.places import ethnic_groups, nationalities
from common import id_number
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.id_number import IdNumber, age_on, read_id_number
from common.sheets import Sheet, SheetForm, read_day

CERT_KINDS = (
    ("01", _l("身份证")),
    ("household_book", _l("户口簿（没办身份证，填户口簿上的身份证号）")),
    ("17", _l("港澳台居民居住证")),
    ("permit", _l("港澳居民来往内地通行证")),
    ("06", _l("台胞证")),
    ("07", _l("外国人永久居留身份证")),
    ("08", _l("外国护照")),
    ("16", _l("中国护照")),
    ("99", _l("其他证件")),
)
# National codes that a JSON door may give instead of the page's choices.
ALSO = ("02", "03", "04", "05", "10", "11", "12", "13", "14", "15", "91")
SEXES = (("1", _l("男")), ("2", _l("女")))
INSURANCES = (("390", _l("居民医保")), ("310", _l("职工医保")))
CHECKED_HOW = (
    ("original", _l("看了证件原件")),
    ("e_code", _l("扫了医保码")),
    ("card_read", _l("读了身份证或社保卡")),
    ("seen_on_video", _l("视频里看了证件")),
)
ADULT, CONSENTS = 18, 14  # full years: acts alone; a guardian consents to the use of a child's data below it
NO_BIRTH = (When("carries_birth", ("0",)),)


class Person(Sheet):
    """参保人. Sex and birth are asked only where the number does not say them."""

    psn_cert_type: Annotated[
        str | None, Ask(_l("证件类型"), widget="choice", options=CERT_KINDS, also=ALSO, must=True)
    ] = "01"
    certno: Annotated[
        str | None,
        Ask(_l("证件号码"), _l("18 位，末位可以是 X"), clean="number", most=50, must=True, secrecy="sen"),
    ] = None
    psn_name: Annotated[
        str | None, Ask(_l("姓名"), _l("和证件上一样，名字里的点用“·”"), clean="name", least=2, most=50, must=True)
    ] = None
    gend: Annotated[str | None, Ask(_l("性别"), widget="choice", options=SEXES, must=True, when=NO_BIRTH)] = None
    brdy: Annotated[date | None, Ask(_l("出生日期"), widget="date", must=True, when=NO_BIRTH)] = None
    nat_regn_code: Annotated[
        str | None,
        Ask(
            _l("国籍"),
            widget="select",
            must=True,
            when=(When("psn_cert_type", ("07", "08")),),
            missing=_l("请选择国籍"),
        ),
    ] = None
    ident_by: Annotated[
        str | None,
        Ask(
            _l("怎么核对的身份"),
            _l("医保码只扫码核对，不截图不代管"),
            widget="choice",
            options=CHECKED_HOW,
            must=True,
            when=(When("staff", ("1",)),),
        ),
    ] = None


class Cover(NamedTuple):
    """Which insurance a filing rests on. `psn_type` and `status` are "" where the province was not asked."""

    insutype: str
    psn_type: str = ""
    status: str = ""
    flexible: bool = False


def person_options(name: str) -> tuple[tuple[str, Any], ...] | None:
    """Long lists that are data."""
    if name == "nat_regn_code":
        return nationalities()
    if name == "auth_items":
        return tuple((str(number), words) for number, words in ITEM_NAMES.items())
    return ethnic_groups() if name == "naty" else None


def number_of(said: dict[str, Any], kind: str, number: str, about: About) -> IdNumber | None:
    """What a number says, if it can be right."""
    if not said.get(kind) or not said.get(number):
        return None
    try:
        return read_id_number(said[kind], said[number], about.at.today)
    except ValueError:
        return None


def person_facts(said: dict[str, Any], about: About) -> dict[str, str]:
    """Facts of the person block, the circumstances' among them."""
    found = number_of(said, "psn_cert_type", "certno", about)
    kind = said.get("psn_cert_type")
    carries = found.born is not None if found else kind in {"01", "household_book", "17", "07"}
    return {
        "item": str(about.item_no),
        "staff": _flag(about.at.by_staff),
        "offline": _flag(about.at.known is None),
        "carries_birth": _flag(carries),
        "naty_unknown": _flag(about.at.known is None or not about.at.known.naty),
    }


def birth_of(said: dict[str, Any], about: About) -> date | None:
    """The person's day of birth: from the number, or as it was asked."""
    found = number_of(said, "psn_cert_type", "certno", about)
    return (found.born if found else None) or said.get("brdy")


def age_of(said: dict[str, Any], about: About) -> int | None:
    """Full years today; None while it is not known, or of somebody not born yet."""
    born = birth_of(said, about)
    return age_on(about.at.today, born) if born and born <= about.at.today else None


def person_rules(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """The number by its kind; sex and birth as the number says them."""
    at, said = about.at, form.said
    if said["psn_cert_type"] in id_number.UNCHECKED and at.station and at.station.level == "village":
        yield "psn_cert_type", _("这种证件请到镇街或县医保窗口办理")
        return
    typed_sex, typed_birth = form.typed.get("gend"), form.typed.get("brdy")
    wrong, found = check_number(said, "psn_cert_type", "certno", about)
    if wrong:
        yield "certno", wrong
    if found and found.born and typed_sex in {"1", "2"} and typed_sex != found.sex:
        yield "gend", _("性别和身份证号对不上")
    if said["brdy"] and said["brdy"] > at.today:
        yield "brdy", _("%(label)s不能晚于今天", label=_("出生日期"))
    if found and found.born and typed_birth and read_day(typed_birth) != found.born:
        yield "brdy", _("出生日期和身份证号对不上")


def check_number(said: dict[str, Any], kind: str, number: str, about: About) -> tuple[str | None, IdNumber | None]:
    """The sentence for a wrong number, or what a right one says; both None where there is nothing to read."""
    if not said.get(kind) or not said.get(number):
        return None, None
    try:
        return None, read_id_number(said[kind], said[number], about.at.today)
    except ValueError as problem:
        return str(problem), None


def insurance_of(said: dict[str, Any], about: About) -> Cover | None:
    """The insurance the filing rests on: the one in force, employees' before residents'; as told where nobody was asked."""
    known = about.at.known
    if known is None:
        return Cover(said["insutype"]) if said.get("insutype") else None
    rows = [row for row in known.insurances if row.insutype in {"310", "390"}]
    rows.sort(key=lambda row: (row.status != "1", row.insutype))
    if not rows:
        return None
    first: Insurance = rows[0]
    return Cover(first.insutype, first.psn_type, first.status, first.flexible)


def _flag(truth: bool) -> str:
    return "1" if truth else "0"
