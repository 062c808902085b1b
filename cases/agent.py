"""帮办代办: somebody else acts, and how far they may (forms.md §1.5). A station's helper has no block: the account says who."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from cases.circumstances import About
from cases.contact import ANY_PHONE, WRONG_MOBILE
from cases.days import add_months, age_on
from cases.item_names import item_name
from cases.person import ADULT, ALSO, CERT_KINDS, check_number, number_of
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import Sheet, SheetForm

KIN = (
    ("spouse", _l("配偶")),
    ("parent", _l("父母")),
    ("child", _l("子女")),
    ("sibling", _l("兄弟姐妹")),
    ("grandparent", _l("祖父母、外祖父母")),
    ("grandchild", _l("孙子女、外孙子女")),
    ("other_kin", _l("其他亲属")),
    ("neighbour", _l("邻居")),
    ("employer", _l("单位")),
    ("committee", _l("村（居）委会")),
)
WAYS = (
    ("drawn_signature", _l("屏幕上签字")),
    ("written_photo", _l("书面授权的照片")),
    ("spoken_on_video", _l("视频里口头授权")),
    ("oral_with_witness", _l("当面口头授权，两名工作人员在场")),
    ("guardian_by_law", _l("法定监护人")),
)
# Whoever wrote or drew something shows it: the paper in which it is kept.
EVIDENCE = {"drawn_signature": "authorisation_signature", "written_photo": "authorisation_photo"}
BY_AGENT = (When("by_agent", ("1",)),)
LONGEST_MONTHS = 12


class Agent(Sheet):
    """代办人 and 授权."""

    by_agent: Annotated[bool, Ask(_l("由别人代办"), _l("帮办员不用填自己的证件"), widget="tick")] = False
    agnter_name: Annotated[
        str | None,
        Ask(_l("代办人姓名"), clean="name", least=2, most=50, must=True, when=BY_AGENT, secrecy="sen"),
    ] = None
    agnter_cert_type: Annotated[
        str | None,
        Ask(_l("代办人证件"), widget="choice", options=CERT_KINDS, also=ALSO, must=True, when=BY_AGENT),
    ] = "01"
    agnter_certno: Annotated[
        str | None, Ask(_l("代办人证件号码"), clean="number", most=50, must=True, when=BY_AGENT, secrecy="sen")
    ] = None
    agnter_tel: Annotated[
        str | None,
        Ask(
            _l("代办人手机号"),
            widget="tel",
            clean="number",
            pattern=ANY_PHONE,
            wrong=WRONG_MOBILE,
            must=True,
            when=BY_AGENT,
        ),
    ] = None
    agnter_addr: Annotated[str | None, Ask(_l("代办人地址"), when=BY_AGENT)] = None
    agnter_rlts: Annotated[
        str | None,
        Ask(
            _l("和参保人的关系"),
            widget="choice",
            options=KIN,
            must=True,
            missing=_l("请选择代办人和参保人的关系"),
            when=BY_AGENT,
        ),
    ] = None
    auth_kind: Annotated[
        str | None,
        Ask(_l("授权方式"), _l("字写不了可以视频里说"), widget="choice", options=WAYS, when=BY_AGENT, secrecy="sen"),
    ] = None
    auth_items: Annotated[
        list[str],
        Ask(_l("授权办哪些事"), widget="choices", clean="number", pattern="[0-9]{1,2}", when=BY_AGENT),
    ] = Field(default_factory=list)
    auth_from: Annotated[date | None, Ask(_l("授权开始日期"), widget="date", when=BY_AGENT)] = None
    auth_to: Annotated[date | None, Ask(_l("授权结束日期"), _l("默认到本事项办结"), widget="date", when=BY_AGENT)] = (
        None
    )


def agent_rules(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """An adult who is somebody else, with an authorisation that is shown, covers this item and still holds."""
    said = form.said
    if not said["by_agent"]:
        return
    wrong, _read = check_number(said, "agnter_cert_type", "agnter_certno", about)
    if wrong:
        yield "agnter_certno", wrong
    elif said["agnter_certno"] and said["agnter_certno"] == said.get("certno"):
        yield "agnter_certno", _("代办人不能是参保人本人")
    found = number_of(said, "agnter_cert_type", "agnter_certno", about)
    if found and found.born and age_on(about.at.today, found.born) < ADULT:
        yield "agnter_certno", _("代办人须年满 18 周岁")
    if not authorised(said, about) and "auth_kind" not in form.errors:
        yield "auth_kind", _("请补一份授权依据：签字、书面照片或视频口头授权，任选一种")
    if said["auth_items"] and str(about.item_no) not in said["auth_items"]:
        yield "auth_items", _("授权不包含“%(item)s”，请重新授权", item=item_name(about))
    yield from _how_long(said, about)


def _how_long(said: dict[str, Any], about: About) -> Iterator[tuple[str, str]]:
    start, end = said["auth_from"] or about.at.today, said["auth_to"]
    if about.at.authorisation_revoked and said.get("stop_reason") != "died":  # as in authorised
        yield "form", _("授权已撤销，不能继续代办")
        if said["auth_kind"]:
            yield "auth_kind", _("本人又愿意的，请本人重新签字，或拍新写的委托书")
    if not end:
        return
    if said["auth_from"] and start > end:
        yield "auth_from", _("授权开始日期不能晚于结束日期")
    elif end < about.at.today:
        yield "auth_to", _("授权已于 %(day)s 到期，请重新授权", day=end.isoformat())
    elif end > add_months(start, LONGEST_MONTHS):
        yield "auth_to", _("授权期限最长 1 年")


def authorised(said: dict[str, Any], about: About) -> bool:
    """Whether the authorisation is shown. At home it may be chosen only: it is drawn or photographed at the station."""
    if not said["by_agent"]:
        return True
    if said.get("stop_reason") == "died":  # a relative reports it: nobody could authorise them any more
        return True
    kind = said["auth_kind"]
    if about.at.station is None:
        return True
    return kind is not None and (kind not in EVIDENCE or EVIDENCE[kind] in about.at.papers)
