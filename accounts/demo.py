"""Staff of the demo: one of each role around one real county, one password for all. Room `accounts`, floor 1; demo only."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts import operations
from accounts.models import Account
from accounts.operations import OPERATOR, NewAccount, NewPost
from accounts.policy import SECOND_FACTOR, Role
from accounts.schema import ROLE_WORDS
from common.i18n import gettext as _

EVERYBODYS = "menkou-demo-2026"  # no secret: printed by `make run`, and these accounts exist in demo mode only


@dataclass(frozen=True)
class DemoPlaces:
    """Two stations of one town (code and name) and what lies above: codes and names."""

    village_station: tuple[str, str]
    town_station: tuple[str, str]
    town_code: str
    county: tuple[str, str]
    city: tuple[str, str]


# name, staff name, role; the surnames stand for nobody
PEOPLE = (
    ("helper", "赵敏", Role.HELPER),
    ("clerk", "孙丽", Role.CLERK),
    ("county", "周强", Role.COUNTY_OFFICER),
    ("viewer", "吴静", Role.BUREAU_VIEWER),
    ("city", "郑涛", Role.CITY_ADMIN),
    ("province", "冯洁", Role.PROVINCE_ADMIN),
    ("admin", "陈工", Role.SYSTEM_ADMIN),
    ("auditor", "卫平", Role.SECURITY_AUDITOR),
)


def has_staff(session: Session) -> bool:
    """Whether anybody made an account; the demo then stays away."""
    return session.scalar(sa.select(Account.id).limit(1)) is not None


def make_staff(session: Session, at: DemoPlaces, hashed: str, *, now: datetime) -> None:
    """Add the demo's accounts where there are none yet. Their password (`hashed`) need not be changed."""
    if has_staff(session):  # another process was quicker
        return
    for name, staff_name, role in PEOPLE:
        new = NewAccount(name, staff_name, hashed, [_post(role, at)], must_change=False)
        operations.make_account(session, new, by=OPERATOR, now=now)


def _post(role: Role, at: DemoPlaces) -> NewPost:
    posts = {
        Role.HELPER: NewPost(role, at.town_code, *at.village_station),
        Role.CLERK: NewPost(role, at.town_code, *at.town_station),
        Role.CITY_ADMIN: NewPost(role, at.city[0][:4], None, at.city[1]),
        Role.PROVINCE_ADMIN: NewPost(role, "37", None, "山东省"),
    }
    return posts.get(role, NewPost(role, *(at.county[0], None, at.county[1])))


def words(session: Session) -> str:
    """What `make run` prints: names, the password, and how to get a code. Empty where there are no demo accounts."""
    known = set(session.scalars(sa.select(Account.name).where(Account.active)))
    lines = []
    for name, staff_name, role in PEOPLE:
        if name in known:
            also = "  *" if role in SECOND_FACTOR else ""
            lines.append(f"  {name:<10}{ROLE_WORDS[role]} {staff_name}{also}")
    if not lines:
        return ""
    return "\n".join(
        [
            _("示例账号（/sign-in），密码都是 %(password)s：", password=EVERYBODYS),
            *lines,
            _("带 * 的还要动态码：先登录一次，再运行 .venv/bin/flask --app app accounts demo-code 用户名"),
        ]
    )
