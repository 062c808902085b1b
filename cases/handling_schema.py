"""What a clerk types while a case is handled. Room `cases`, floor 4. No database."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from cases.transitions import Step
from common.forms import Ask
from common.i18n import lazy_gettext as _l

_WRONG = _l("这一页不完整。请刷新再试。")  # nobody types these fields
_HIDDEN = Ask(_l("这一项"), wrong=_WRONG)
Op = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$"), _HIDDEN]
Words = Annotated[str, StringConstraints(max_length=300)]


class StepForm(BaseModel):
    """One step. `op`: of this form, so that a double click is one step; `version`: what the person had before their eyes;
    `unseen`, `unfit`: so many papers nobody has marked, so many kinds that will not do, and it shall be approved all the same."""

    op: Op
    step: Annotated[Step, _HIDDEN]
    version: Annotated[int, _HIDDEN]
    words: Annotated[Words, Ask(_l("跟居民怎么说"))] = ""
    basis: Annotated[Words, Ask(_l("依据"))] = ""
    other: Annotated[str, StringConstraints(max_length=40), Ask(_l("别的材料"))] = ""
    handler: Annotated[str | None, StringConstraints(max_length=32), _HIDDEN] = None
    unseen: Annotated[int, _HIDDEN] = 0
    unfit: Annotated[int, _HIDDEN] = 0


class RevealForm(BaseModel):
    """What is to be seen, and why."""

    field: Annotated[str, StringConstraints(pattern=r"^[a-z_.]{2,40}$"), _HIDDEN]
    purpose: Annotated[str, StringConstraints(min_length=2, max_length=60), Ask(_l("为什么要看"))]


class SearchForm(BaseModel):
    """A receipt number, a whole ID number or a whole telephone number."""

    q: Annotated[
        str,
        StringConstraints(min_length=6, max_length=40),
        Ask(_l("回执号、证件号或手机号"), _l("要完整的号码，一位不能少")),
    ]
