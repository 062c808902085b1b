"""What a browser says beside the paper it sends. Room `cases`, floor 4."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from common.forms import Ask
from common.i18n import lazy_gettext as _l

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
_WRONG = _l("这一页不完整。请刷新再试。")  # nobody types these fields


class PaperForm(BaseModel):
    """`instead`: the paper that this one replaces. `back`: the page to go back to. `drawn`: a signature, as a data URL."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"), Ask(_l("材料"), wrong=_WRONG)]
    instead: Annotated[Id | None, Ask(_l("材料"), wrong=_WRONG)] = None
    back: Annotated[str | None, StringConstraints(max_length=500), Ask(_l("返回"), wrong=_WRONG)] = None
    drawn: Annotated[str | None, Ask(_l("签名"), wrong=_WRONG)] = None


class RemoveForm(BaseModel):
    """What to say when a paper is taken away."""

    back: Annotated[str | None, StringConstraints(max_length=500), Ask(_l("返回"), wrong=_WRONG)] = None
