"""What an auditor asks for, and how what was done is called. Room `accounts`, floor 1. No database."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from common.forms import Ask
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l


def _code(typed: str) -> str:
    if typed and not re.fullmatch(r"37[0-9]{4}", typed):
        raise ValueError(_("县（市、区）要填 6 位区划代码"))
    return typed


def _action(typed: str) -> str:
    if typed and not re.fullmatch(r"[a-z_.-]{2,40}", typed):
        raise ValueError(_("没有这种操作"))
    return typed


def _or_none(typed: object) -> object:
    return typed or None


class AuditQuery(BaseModel):
    """Which entries. `before`: older than this number."""

    day: Annotated[
        date | None, BeforeValidator(_or_none), Ask(_l("哪一天"), wrong=_l("日期要写成 2026-11-23 这样"))
    ] = None
    county: Annotated[str, AfterValidator(_code), Ask(_l("县（市、区）"))] = ""
    action: Annotated[str, AfterValidator(_action), Ask(_l("做了什么"))] = ""
    before: Annotated[
        int | None,
        BeforeValidator(_or_none),
        Field(ge=1, lt=2**31),
        Ask(_l("第几条"), wrong=_l("这一页不完整。请刷新再试。")),
    ] = None


ACTION_WORDS = {
    "case.submit": _l("提交申请"),
    "case.accept": _l("受理"),
    "case.ask": _l("请居民补材料"),
    "case.supply": _l("材料补上了"),
    "case.hand_up": _l("交给县里"),
    "case.hand_over": _l("交给同事"),
    "case.approve": _l("通过"),
    "case.refuse": _l("不予办理"),
    "case.withdraw": _l("撤回"),
    "case.correct": _l("撤回，改了重报"),
    "case.confirm": _l("省平台办好了"),
    "case.return": _l("省平台退回"),
    "case.recall": _l("没报进省里，县里拿回来改"),
    "case.reveal": _l("查看完整信息"),
    "case.search": _l("按号码查找"),
    "case.follow": _l("居民查进度"),
    "case.new_code": _l("补发查询码"),
    "case.forget": _l("到期删除"),
    "paper.fit": _l("材料合格"),
    "paper.unfit": _l("材料不合格"),
    "authorisation.revoke": _l("收回授权"),
    "person.export": _l("导出本人资料"),
    "person.look_up": _l("向省平台查参保信息"),
    "sync.settle": _l("和省里核对过一条决定"),
    "sync.replay": _l("再报一次"),
    "sync.pause": _l("暂停报省平台"),
    "sync.resume": _l("接着报省平台"),
    "sync.release": _l("放行站点名单"),
}
# Who acted without an account of ours.
OTHERS = {"resident": _l("居民"), "province": _l("省平台"), "clock": _l("到期自动"), "operator": _l("运维")}
FACT_WORDS = {
    "ref": _l("回执号"),
    "version": _l("第几版"),
    "state": _l("状态"),
    "field": _l("哪一项"),
    "found": _l("查到几件"),
}
