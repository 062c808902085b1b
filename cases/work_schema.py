"""What staff type beside the forms themselves. Room `cases`, floor 4."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, StringConstraints

from cases.drafts import TAIL
from cases.receipts import CODE_DIGITS
from common.forms import Ask
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import plain_number


def _code(typed: str) -> str:
    code = plain_number(typed)
    if len(code) != CODE_DIGITS or not code.isdigit() or not code.isascii():
        raise ValueError(_("取件码是 6 位数字"))
    return code


def _tail(typed: str) -> str:
    tail = plain_number(typed)
    if len(tail) != TAIL or not tail.isascii() or not tail.isalnum():
        raise ValueError(_("请填证件号码的最后四位，末位可以是 X"))
    return tail


class LoadForm(BaseModel):
    """What a resident brings along: the code, and the end of the number on the paper they show."""

    code: Annotated[
        str,
        StringConstraints(max_length=40),
        AfterValidator(_code),
        Ask(_l("取件码"), hint=_l("居民手机上的 6 位数字")),
    ]
    tail: Annotated[
        str,
        StringConstraints(max_length=40),
        AfterValidator(_tail),
        Ask(_l("证件号码后四位"), hint=_l("照着居民的证件填；没有身份证的孩子填出生证编号的")),
    ]


class BeginForm(BaseModel):
    """Which item."""

    item: Annotated[int, Ask(_l("事项"), wrong=_l("没有这个事项，请从单子里选。"))]


class HandInForm(BaseModel):
    """What stands hidden on the last page."""

    op: Annotated[
        str, StringConstraints(pattern=r"^[0-9a-f]{32}$"), Ask(_l("这一页"), wrong=_l("这一页不完整。请刷新再试。"))
    ]
    seen: Annotated[
        str, StringConstraints(pattern=r"^[0-9a-f]{16}$"), Ask(_l("这一页"), wrong=_l("这一页不完整。请刷新再试。"))
    ]
