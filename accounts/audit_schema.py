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
    "case.paid": _l("缴费到账"),
    "case.close": _l("缴费期过了"),
    "case.lapse": _l("材料没等到，撤回"),
    "case.recall": _l("没报进省里，县里拿回来改"),
    "case.reveal": _l("查看完整信息"),
    "case.search": _l("按号码查找"),
    "case.follow": _l("居民查进度"),
    "case.new_code": _l("补发查询码"),
    "case.forget": _l("到期删除"),
    "draft.load": _l("取出居民填好的"),
    "paper.open": _l("看材料"),
    "paper.glance": _l("看材料缩略图"),
    "paper.add": _l("加材料"),
    "paper.remove": _l("删材料"),
    "paper.fit": _l("材料合格"),
    "paper.unfit": _l("材料不合格"),
    "authorisation.revoke": _l("收回授权"),
    "consent.withdraw": _l("不要短信了"),
    "person.export": _l("导出本人资料"),
    "person.look_up": _l("向省平台查参保信息"),
    "sync.settle": _l("和省里核对过一条"),
    "sync.has_it": _l("电话问过，省里收到了"),
    "sync.has_it_not": _l("电话问过，省里没收到"),
    "sync.replay": _l("再报一次"),
    "sync.pause": _l("暂停报省平台"),
    "sync.resume": _l("接着报省平台"),
    "sync.release": _l("放行省里的名单"),
    "sign_in": _l("登录"),
    "sign_in.refused": _l("登录没成功"),
    "sign_out": _l("退出"),
    "sign_out_others": _l("退出其他设备"),
    "name.refused": _l("密码不对"),
    "code.refused": _l("验证码不对"),
    "password.change": _l("改密码"),
    "second_factor.set_up": _l("设好第二步验证"),
    "second_factor.pass": _l("通过第二步验证"),
    "second_factor.recovery_code": _l("用了恢复码"),
    "account.post": _l("给岗位"),
    "account.end_post": _l("收回岗位"),
    "account.close": _l("停用账号"),
    "account.reset_password": _l("重置密码"),
    "account.end_sessions": _l("让账号全部退出"),
}
# Who acted without an account of ours.
OTHERS = {
    "resident": _l("居民"),
    "province": _l("省平台"),
    "clock": _l("到期自动"),
    "operator": _l("运维"),
    "staff": _l("工作人员"),
}
KIND_WORDS = {
    "case": _l("办件"),
    "draft": _l("草稿"),
    "person": _l("居民"),
    "account": _l("账号"),
    "sign_in": _l("登录"),
    "channel": _l("报送通道"),
    "outbox": _l("报送"),
    "inbox": _l("省里的决定"),
    "list": _l("名单"),
}
FACT_WORDS = {
    "ref": _l("回执号"),
    "version": _l("第几版"),
    "state": _l("状态"),
    "field": _l("哪一项"),
    "found": _l("查到几件"),
    "paper": _l("编号"),
    "kind": _l("材料"),
    "item": _l("第几项"),
    "role": _l("岗位"),
    "area": _l("管哪里"),
    "station": _l("站点"),
    "account": _l("账号"),
    "session": _l("登录"),
    "ended": _l("退出几台设备"),
    "cases": _l("导出几件"),
}
