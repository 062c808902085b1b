"""/_ui: every piece that pages are made of, once, for whoever draws the next page. Floor 0; only in development."""

from types import SimpleNamespace
from typing import Annotated, Any, Literal

from flask import Blueprint, current_app
from pydantic import BaseModel, StringConstraints

from common.doors import DEVELOPMENT, open_to
from common.forms import Ask, Form
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.pages import page

WAYS = (("walk", _l("走路")), ("ebike", _l("电动车")), ("car", _l("开车")))

bp = Blueprint("ui_pieces", __name__)


class Example(BaseModel):
    """One field of each kind that ui.field draws."""

    at: Annotated[str, StringConstraints(max_length=4), Ask(_l("村名、镇名或站名"), hint=_l("这里故意写得太长"))]
    way: Annotated[Literal["walk", "ebike", "car"], Ask(_l("怎么去"), widget="choice", options=WAYS)]
    back: Annotated[Literal["walk", "ebike", "car"], Ask(_l("怎么回"), widget="select", options=WAYS)]
    words: Annotated[str, Ask(_l("说说情况"), widget="words")]
    secret: Annotated[str, Ask(_l("密码"), widget="password")] = ""


TYPED = {"at": "省政府旁边的大桥村", "back": "car", "words": "门口的牌子换了"}


@bp.get("/_ui")
@open_to(DEVELOPMENT)
def pieces() -> str:
    """The page. Its form has one wrong field, one that is missing and two that are right."""
    drawings = current_app.jinja_env.get_template("ui/ui.html").module.drawings  # type: ignore[attr-defined]
    return page("ui/pieces.html", form=Form.read(Example, TYPED), drawings=drawings, questions=_questions())


def _questions() -> list[SimpleNamespace]:
    """One of each kind that ui.ask draws; what they are made of elsewhere is cases/form_view.py: Question."""
    plain = SimpleNamespace(
        hint="", value="", values=(), options=(), error=None, when="", x_key=False, remarks=(), zh=False
    )
    kinds: dict[str, dict[str, Any]] = {
        "text": {"x_key": True, "hint": _("18 位，末位可以是 X")},
        "date": {"value": "1952-08-17"},
        "day": {},
        "place": {"options": (("320100", "江苏省 南京市"),), "error": _("请选择%(label)s", label=_("就医地"))},
        "tick": {"value": "1"},
        "choices": {"options": WAYS, "values": ("walk",)},
        "select": {"options": WAYS},
    }
    return [
        SimpleNamespace(**(vars(plain) | {"name": f"ask-{how}", "label": how, "how": how} | more))
        for how, more in kinds.items()
    ]
