"""What people type to sign in and to keep accounts. Room `accounts`: words and rules, no database."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, StringConstraints

from accounts.policy import Role
from common.forms import Ask
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l

ROLE_WORDS = {
    Role.HELPER: _l("医保明白人"),
    Role.CLERK: _l("镇街经办"),
    Role.COUNTY_OFFICER: _l("县级经办"),
    Role.BUREAU_VIEWER: _l("医保局查看"),
    Role.CITY_ADMIN: _l("市级管理"),
    Role.PROVINCE_ADMIN: _l("省级管理"),
    Role.SYSTEM_ADMIN: _l("系统管理员"),
    Role.SECURITY_AUDITOR: _l("安全审计员"),
}
# How many digits of a division code the area of a post has: 37, 3713, 371302, 371302101.
AREA_DIGITS: Mapping[Role, frozenset[int]] = {
    Role.HELPER: frozenset({9, 12}),
    Role.CLERK: frozenset({9}),
    Role.COUNTY_OFFICER: frozenset({6}),
    Role.BUREAU_VIEWER: frozenset({2, 4, 6}),
    Role.CITY_ADMIN: frozenset({4}),
    Role.PROVINCE_ADMIN: frozenset({2}),
    Role.SYSTEM_ADMIN: frozenset({2, 4, 6}),
    Role.SECURITY_AUDITOR: frozenset({2, 4, 6}),
}
AT_A_STATION = frozenset({Role.HELPER, Role.CLERK})


def plain_name(typed: str) -> str:
    """A sign-in name as it is stored: half-width, lower case."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def check_name(name: str) -> str:
    """3 to 40 of a–z, 0–9, dot, hyphen. A telephone or identity number is refused: the name stands in lists."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,38}[a-z0-9]", name):
        raise ValueError(_("用户名用 3 到 40 个小写字母、数字、点或短横，例如 zhaomin-bg。"))
    if re.fullmatch(r"1[3-9]\d{9}|\d{15}|\d{17}[\dx]", name):
        raise ValueError(_("别拿手机号、身份证号做用户名。"))
    return name


def area_fault(role: Role, area: str) -> str | None:
    """Why this role cannot have this area, in one sentence."""
    if not area.isascii() or not area.isdigit() or not area.startswith("37") or len(area) not in AREA_DIGITS[role]:
        wanted = "、".join(str(n) for n in sorted(AREA_DIGITS[role]))
        return _("%(role)s的管辖范围要填 %(n)s 位区划代码。", role=str(ROLE_WORDS[role]), n=wanted)
    return None


def read_phone(typed: str) -> str:
    """A mobile number, 11 digits, however it was spaced. Raises ValueError."""
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed))
    if not re.fullmatch(r"1[3-9][0-9]{9}", digits):
        raise ValueError(_("手机号应为 11 位，以 1 开头。"))
    return digits


Password = Annotated[str, StringConstraints(max_length=200)]
Name = Annotated[str, BeforeValidator(plain_name), StringConstraints(max_length=40)]


class SignInForm(BaseModel):
    """The first page."""

    name: Annotated[Name, Ask(_l("用户名"), widget="username")]
    password: Annotated[Password, Ask(_l("密码"), widget="password")]


class UnlockForm(BaseModel):
    """The password once more."""

    password: Annotated[Password, Ask(_l("密码"), widget="password")]


class CodeForm(BaseModel):
    """A code of the authenticator app, or a recovery code."""

    code: Annotated[
        Annotated[str, StringConstraints(max_length=40)],
        Ask(_l("动态码"), hint=_l("看手机上的动态码；手机不在，填一个备用码"), widget="code"),
    ]


class FirstCodeForm(BaseModel):
    """The code that proves the phone has the secret."""

    code: Annotated[
        Annotated[str, StringConstraints(max_length=40)], Ask(_l("动态码"), hint=_l("6 位数字"), widget="code")
    ]


class PasswordForm(BaseModel):
    """Another password, typed twice."""

    old: Annotated[Password, Ask(_l("现在的密码"), widget="password")]
    new: Annotated[Password, Ask(_l("新密码"), hint=_l("至少 10 位，几个词连起来最好记"), widget="new-password")]
    again: Annotated[Password, Ask(_l("新密码再输一遍"), widget="new-password")]


class PostForm(BaseModel):
    """Which of several posts."""

    post: Annotated[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")], Ask(_l("岗位"), widget="choice")]


class NewAccountForm(BaseModel):
    """What an administrator says of a new colleague."""

    name: Annotated[
        Annotated[Name, AfterValidator(check_name)],
        Ask(_l("用户名"), hint=_l("登录用，例如 zhaomin-bg"), widget="username"),
    ]
    staff_name: Annotated[Annotated[str, StringConstraints(max_length=30)], Ask(_l("姓名"))]
    phone: Annotated[Annotated[str, AfterValidator(read_phone)] | None, Ask(_l("手机号"), hint=_l("可以不填"))] = None
    role: Annotated[
        Role, Ask(_l("岗位"), widget="select", options=tuple((role.value, words) for role, words in ROLE_WORDS.items()))
    ]
    area: Annotated[
        Annotated[str, StringConstraints(pattern=r"^37[0-9]{0,10}$")] | None,
        Ask(
            _l("管辖范围"),
            hint=_l("区划代码：市 4 位，县 6 位，镇 9 位；在站点的可以不填"),
            wrong=_l("管辖范围要填 37 开头的区划代码。"),
        ),
    ] = None
    station: Annotated[
        Annotated[str, StringConstraints(max_length=24)] | None, Ask(_l("站点编号"), hint=_l("医保明白人要填"))
    ] = None


class SearchForm(BaseModel):
    """Which accounts to list."""

    q: Annotated[Annotated[str, StringConstraints(max_length=40)], Ask(_l("用户名或姓名"))] = ""
    after: Annotated[Annotated[str, StringConstraints(max_length=40)], Ask(_l("从哪里接着"))] = ""
