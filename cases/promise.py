"""What is agreed to at the end (forms.md §1.7, §1.8): the notice was read, a promise instead of papers, messages or not."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from cases.circumstances import About
from cases.days import add_months
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import Sheet, SheetForm

NOTICE_VERSION = 1
COMMITMENT_VERSION = "1"
PROMISED = (When("promise_needed", ("1",)),)
# The person's own mark is needed where somebody else holds the phone.
MARKED = (When("mark_needed", ("1",)),)
PROMISERS = (("self", _l("本人")), ("guardian", _l("监护人")))
MARKS = (("drawn_signature", _l("屏幕上签字")), ("spoken", _l("当面说了，工作人员记录")))


class Promise(Sheet):
    """The last part of every form. Reading the notice is no consent, and no consent gates a filing."""

    notice_version: Annotated[
        bool,
        Ask(_l("已读个人信息告知"), widget="tick", must=True, missing=_l("请先阅读个人信息告知"), secrecy="pub"),
    ] = False
    promise: Annotated[
        bool,
        Ask(
            _l("我承诺以上内容属实"),
            widget="tick",
            must=True,
            missing=_l("请勾选我承诺以上内容属实"),
            when=PROMISED,
        ),
    ] = False
    commit_by: Annotated[
        str | None,
        Ask(
            _l("谁承诺"),
            widget="choice",
            options=PROMISERS,
            wrong=_l("承诺须由本人或监护人确认，帮办人不能代替勾选"),
            when=PROMISED,
        ),
    ] = None
    commit_mark: Annotated[
        str | None,
        Ask(
            _l("怎么确认的"),
            _l("在别人的手机上填，要本人或监护人签字，或当面说"),
            widget="choice",
            options=MARKS,
            wrong=_l("承诺须由本人或监护人确认，帮办人不能代替勾选"),
            must=True,
            missing=_l("承诺须由本人或监护人确认，帮办人不能代替勾选"),
            when=MARKED,
        ),
    ] = None
    sms_ok: Annotated[bool, Ask(_l("愿意收短信提醒"), _l("不勾也能办"), widget="tick")] = False


def promise_facts(about: About, *, promised: bool, consents: bool, by_agent: bool) -> dict[str, str]:
    """`promised`: a promise stands instead of papers. `consents`: a guardian consents to the use of a child's data."""
    by_others = about.at.by_staff or by_agent
    return {
        "promise_needed": "1" if promised else "0",
        "mark_needed": "1" if by_others and (promised or consents) else "0",
    }


def promise_rules(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """Nobody promises for a child but the guardian."""
    if form.said["promise"] and form.said["commit_by"] == "self" and form.facts["guardian_needed"] == "1":
        yield "commit_by", _("承诺须由本人或监护人确认，帮办人不能代替勾选")


def broken_promise(about: About) -> date | None:
    """Until when no promise is taken, because one was broken; None: it may be taken."""
    broken = about.at.known.breach_on if about.at.known else None
    until = add_months(broken, about.at.rules.breach_months) if broken else None
    return until if until and until > about.at.today else None
