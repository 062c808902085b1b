"""How the person is reached (forms.md §1.2): a phone of their own, or somebody near them. And where they are insured."""

from collections.abc import Iterator
from typing import Annotated, Any

from cases.address import merged_words
from cases.circumstances import About
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import Sheet, SheetForm

MOBILE = "1[3-9][0-9]{9}"
ANY_PHONE = f"{MOBILE}|0[0-9]{{9,11}}"  # a landline with its area code; hyphens are gone by then
WRONG_MOBILE = _l("手机号应为 11 位，请逐位核对")
WRONG_PHONE = _l("固定电话请带区号，例如 0539-1234567")
# A guardian acts: the guardian's own phone is asked for instead.
NO_GUARDIAN = When("guardian_needed", ("0",))
NO_PHONE = (NO_GUARDIAN, When("no_phone", ("1",)))


class Contact(Sheet):
    """手机号, or a contact person for those without one."""

    no_phone: Annotated[bool, Ask(_l("没有手机"), widget="tick", when=(NO_GUARDIAN,))] = False
    mob: Annotated[
        str | None,
        Ask(
            _l("手机号"),
            _l("有事打这个号码"),
            widget="tel",
            clean="number",
            pattern=MOBILE,
            wrong=WRONG_MOBILE,
            must=True,
            when=(NO_GUARDIAN, When("no_phone", ("0",))),
        ),
    ] = None
    contact_name: Annotated[
        str | None, Ask(_l("联系人"), _l("亲属或邻居都可以"), clean="name", least=2, most=50, when=NO_PHONE)
    ] = None
    contact_tel: Annotated[
        str | None,
        Ask(_l("联系人电话"), widget="tel", clean="number", pattern=ANY_PHONE, wrong=WRONG_PHONE, when=NO_PHONE),
    ] = None


class Insured(Sheet):
    """参保地: never worked out from the number; people move."""

    insu_admdvs: Annotated[
        str | None,
        Ask(
            _l("参保地"), _l("不知道就选户口所在的县区"), widget="region", clean="number", pattern="[0-9]{6}", must=True
        ),
    ] = None


def contact_rules(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """Whoever types for others does not put their own number there."""
    said = form.said
    if said["mob"] and said["mob"] == about.at.own_mobile:
        yield "mob", helpers_phone()
    if said["no_phone"]:
        for name in ("contact_name", "contact_tel"):
            if not said[name] and name not in form.errors:
                yield name, _("没有手机的请留一位联系人的姓名和电话")
                break
        if said["contact_tel"] and said["contact_tel"] == about.at.own_mobile:
            yield "contact_tel", helpers_phone()


def helpers_phone() -> str:
    """What to say of a helper's own number."""
    return _("联系电话不能填帮办人的手机号；本人没有手机请勾选“没有手机”")


def insured_rules(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """A county of the station's own city: 市域通办."""
    code, at = form.said["insu_admdvs"], about.at
    if not code:
        return
    if code.endswith("00"):
        yield "insu_admdvs", _("请选择到县（市、区）")
    elif merged := merged_words(code, at):
        yield "insu_admdvs", merged
    elif at.station and code[:4] != at.station.city_code[:4]:
        yield "insu_admdvs", _("本站只能办%(area)s的参保业务，请改选参保地或换站点", area=at.station.city_name)
    elif at.divisions and code not in at.divisions:
        yield "insu_admdvs", _("%(label)s没有这一种，请重新选", label=_("参保地"))
