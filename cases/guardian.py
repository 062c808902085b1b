"""Who acts for a child, or for an adult who cannot say what they want (forms.md §1.4)."""

from collections.abc import Iterator
from typing import Annotated, Any

from cases.circumstances import About
from cases.contact import MOBILE, WRONG_MOBILE, helpers_phone
from cases.filing import Level, PaperNeed, Remark
from cases.person import ADULT, ALSO, CERT_KINDS, CONSENTS, age_of, check_number, number_of
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.id_number import age_on
from common.sheets import Sheet, SheetForm

PARENTS = ("mother", "father")
RELATIONS = (
    ("mother", _l("母亲")),
    ("father", _l("父亲")),
    ("grandparent", _l("祖父母、外祖父母")),
    ("other_kin", _l("其他亲属")),
    ("committee", _l("村（居）委会")),
)
GROUNDS = (
    ("parent_on_cert", _l("出生医学证明上的父母")),
    ("household_book", _l("户口簿")),
    ("court", _l("法院文书")),
    ("village_or_civil_affairs", _l("村（居）委会或民政部门证明")),
)
NEEDED = (When("guardian_needed", ("1",)),)
WITH_NAME = "grdn_name"


class Guardian(Sheet):
    """监护人. The block opens by itself; the rest of it is asked for once there is a name."""

    no_capacity: Annotated[
        bool,
        Ask(
            _l("本人不能表达意愿"),
            _l("例如重度失智、昏迷"),
            widget="tick",
            when=(When("adult", ("1",)),),
            secrecy="sen",
        ),
    ] = False
    own_living: Annotated[
        bool, Ask(_l("靠自己的劳动收入生活"), widget="tick", when=(When("age_16_17", ("1",)),), secrecy="sen")
    ] = False
    grdn_name: Annotated[
        str | None,
        Ask(
            _l("监护人姓名"),
            _l("爸爸或妈妈都可以"),
            clean="name",
            least=2,
            most=50,
            must=True,
            missing=_l("未满 18 周岁须由监护人办理，请填写监护人"),
            when=NEEDED,
            secrecy="sen",
        ),
    ] = None
    grdn_cert_type: Annotated[
        str | None,
        Ask(
            _l("监护人证件"), widget="choice", options=CERT_KINDS, also=ALSO, must=True, when=NEEDED, follows=WITH_NAME
        ),
    ] = "01"
    grdn_certno: Annotated[
        str | None,
        Ask(_l("监护人证件号码"), clean="number", most=50, must=True, when=NEEDED, follows=WITH_NAME, secrecy="sen"),
    ] = None
    grdn_mob: Annotated[
        str | None,
        Ask(
            _l("监护人手机号"),
            _l("有事打这个号码"),
            widget="tel",
            clean="number",
            pattern=MOBILE,
            wrong=WRONG_MOBILE,
            must=True,
            when=NEEDED,
            follows=WITH_NAME,
        ),
    ] = None
    grdn_relation: Annotated[
        str | None,
        Ask(
            _l("和孩子的关系"),
            widget="choice",
            options=RELATIONS,
            must=True,
            missing=_l("请选择监护人和孩子的关系"),
            when=NEEDED,
            follows=WITH_NAME,
        ),
    ] = None
    grdn_basis: Annotated[
        str | None,
        Ask(
            _l("凭什么监护"),
            widget="choice",
            options=GROUNDS,
            must=True,
            when=(*NEEDED, When("grdn_relation", ("grandparent", "other_kin", "committee"))),
        ),
    ] = None
    grdn_consent: Annotated[
        bool,
        Ask(
            _l("同意处理孩子的个人信息"),
            widget="tick",
            must=True,
            missing=_l("请监护人同意处理孩子的个人信息后再提交"),
            when=(When("under_14", ("1",)), *NEEDED),
            follows=WITH_NAME,
            secrecy="sen",
        ),
    ] = False


def guardian_facts(said: dict[str, Any], about: About) -> dict[str, str]:
    """Facts of age. A newborn is a child whatever was typed."""
    age = 0 if about.item_no == 2 else age_of(said, about)
    teen = age is not None and 16 <= age < ADULT
    needed = (age is not None and age < ADULT and not (teen and said.get("own_living"))) or (
        (age is None or age >= ADULT) and said.get("no_capacity") is True
    )
    return {
        "adult": "1" if age is None or age >= ADULT else "0",
        "age_16_17": "1" if teen else "0",
        "under_14": "1" if age is not None and age < CONSENTS else "0",
        "guardian_needed": "1" if needed else "0",
    }


def guardian_rules(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """The guardian is somebody else, with a number that can be right."""
    said = form.said
    if form.facts["guardian_needed"] != "1":
        return
    if said["no_capacity"] and not said["grdn_name"] and form.errors.get("grdn_name"):
        form.errors["grdn_name"] = _("本人不能表达意愿的须由监护人办理，请填写监护人")
    wrong, _found = check_number(said, "grdn_cert_type", "grdn_certno", about)
    if wrong:
        yield "grdn_certno", wrong
    elif said["grdn_certno"] and said["grdn_certno"] == said.get("certno"):
        yield "grdn_certno", _("监护人和被监护人不能是同一个证件号")
    if said["grdn_mob"] and said["grdn_mob"] == about.at.own_mobile:
        yield "grdn_mob", helpers_phone()


def guardian_remarks(form: SheetForm[Any], about: About) -> Iterator[Remark]:
    """What only the county can decide."""
    said = form.said
    if said["own_living"]:
        yield Remark(Level.HANDUP, "own_living", _("满 16 周岁、靠自己劳动收入生活的，由县医保局核实"))
    found = number_of(said, "grdn_cert_type", "grdn_certno", about)
    if found and found.born and age_on(about.at.today, found.born) < ADULT:
        yield Remark(Level.HANDUP, "grdn_certno", _("监护人未满 18 周岁，请再请一位成年监护人或交县医保局办理"))
    if said["no_capacity"] and about.at.by_staff:
        yield Remark(Level.HANDUP, "no_capacity", _("本人不能表达意愿由工作人员勾选的，由县医保局核实"))


def guardian_papers(said: dict[str, Any], about: About) -> Iterator[PaperNeed]:
    """Proof of guardianship for whoever is no parent; may be brought later."""
    if said.get("grdn_relation") and said["grdn_relation"] not in PARENTS:
        yield PaperNeed("guardianship_proof", _("监护关系材料"), by_later=True, due=about.at.supplement_day())
