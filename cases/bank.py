"""Where money goes (forms.md §1.6): for forms that end in a payment."""

from collections.abc import Iterator
from typing import Annotated, Any

from cases.circumstances import About
from cases.filing import Level, Remark
from cases.person import ADULT, age_of
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import Sheet, SheetForm

TARGETS = (
    ("linked_account", _l("医保码、社保卡已关联的账户")),
    ("social_card", _l("社保卡")),
    ("bank_card", _l("银行卡")),
    ("passbook", _l("存折")),
)
PAYEES = (
    ("self", _l("本人")),
    ("guardian", _l("监护人")),
    ("heir", _l("继承人")),
    ("authorised", _l("被授权的人")),
)
TYPED = (When("pay_to", ("social_card", "bank_card", "passbook")),)


class BankAccount(Sheet):
    """The number is typed twice; the second is compared and not kept."""

    pay_to: Annotated[
        str | None,
        Ask(
            _l("钱打到哪里"),
            _l("优先医保码、社保卡已关联的账户，不用填账号"),
            widget="choice",
            options=TARGETS,
            must=True,
        ),
    ] = None
    payee_kind: Annotated[str | None, Ask(_l("谁收款"), widget="choice", options=PAYEES, must=True)] = "self"
    acctname: Annotated[str | None, Ask(_l("户名"), clean="name", least=2, most=50, must=True, when=TYPED)] = None
    bankacct: Annotated[
        str | None,
        Ask(_l("银行账号"), _l("对照卡面填"), clean="number", most=40, must=True, when=TYPED, secrecy="sen"),
    ] = None
    bankacct_again: Annotated[
        str | None,
        Ask(_l("再填一遍银行账号"), clean="number", most=40, must=True, when=TYPED, secrecy="sen"),
    ] = None
    bankcode: Annotated[
        str | None,
        Ask(
            _l("开户银行"),
            _l("写到支行更快"),
            most=60,
            must=True,
            missing=_l("请选择开户银行"),
            when=TYPED,
        ),
    ] = None


def bank_rules(
    form: SheetForm[Any], payee_name: str | None, helpers_accounts: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """`payee_name`: who is to be paid, by the rest of the form. `helpers_accounts`: never one of these."""
    said, number = form.said, form.said["bankacct"]
    if said["acctname"] and payee_name and said["acctname"] != payee_name:
        yield "acctname", _("户名须和领款人姓名一致")
    if not number:
        return
    digits = number.isascii() and number.isdigit()
    if said["pay_to"] == "passbook":
        if not (digits and 8 <= len(number) <= 32):
            yield "bankacct", _("存折账号应为 8 至 32 位数字")
    elif not (digits and 16 <= len(number) <= 19):
        yield "bankacct", _("银行卡号应为 16 至 19 位数字")
    if number in helpers_accounts:
        yield "bankacct", _("不能使用帮办人的银行账户")
    if said["bankacct"] and said["bankacct_again"] and said["bankacct_again"] != said["bankacct"]:
        yield "bankacct_again", _("两次输入的账号不一样，请核对")


def bank_remarks(form: SheetForm[Any], about: About) -> Iterator[Remark]:
    """What is odd, and may be right all the same: some old cards have no check digit."""
    said = form.said
    if said["bankacct"] and said["pay_to"] != "passbook" and not luhn(said["bankacct"]):
        yield Remark(Level.WARN, "bankacct", _("银行卡号校验位不对，请对照卡面再核对一遍"))
    age = age_of(said, about)
    if said["payee_kind"] == "self" and age is not None and age < ADULT:
        yield Remark(Level.WARN, "payee_kind", _("未成年人没有自己账户的，可以选监护人收款"))


def luhn(number: str) -> bool:
    """Whether the last digit of a card's number fits the others."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0
