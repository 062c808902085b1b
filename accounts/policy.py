"""Who may do what: one table role × action, one function that answers. Room `accounts`, floor 1.

Where a person may do it comes from the post: an area (a prefix of division codes), for helpers one station. Queries take
`Actor.reach` into their WHERE; `may` answers for one object.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a post is (domain.md, DESIGN.md §1)."""

    HELPER = "helper"  # 医保明白人、小管家 of one village or street station
    CLERK = "clerk"  # 镇街医保工作站经办人
    COUNTY_OFFICER = "county_officer"  # 县（市、区）经办机构
    BUREAU_VIEWER = "bureau_viewer"  # reads boards, decides nothing, sees no name
    CITY_ADMIN = "city_admin"
    PROVINCE_ADMIN = "province_admin"
    SYSTEM_ADMIN = "system_admin"  # 系统管理员: accounts and settings, no case
    SECURITY_AUDITOR = "security_auditor"  # 安全审计员: the audit, no case


class Action(StrEnum):
    """What can be done. A route names one."""

    FILE_CASE = "file_case"  # fill in, take papers and a signature, submit
    READ_CASE = "read_case"  # a case with masked names
    REVEAL = "reveal"  # a full name or number, with a purpose, audited
    ACCEPT = "accept"  # receive, ask for papers, decide what the town may decide, hand up
    DECIDE = "decide"  # what the county decides
    HAND_OVER = "hand_over"  # to another colleague
    SEE_BOARD = "see_board"
    KEEP_STATIONS = "keep_stations"
    KEEP_ACCOUNTS = "keep_accounts"
    READ_AUDIT = "read_audit"
    SEE_SYNC = "see_sync"  # how far the province knows of the area's cases: counts, reasons, no name
    KEEP_SYNC = "keep_sync"  # send again what the province refused, end a doubt by telephone
    KEEP_CHANNEL = "keep_channel"  # pause and resume, release what was held: for everybody at once
    EXPORT_PERSON = "export_person"  # a resident's own data, on their request


MAY: dict[Role, frozenset[Action]] = {
    Role.HELPER: frozenset({Action.FILE_CASE, Action.READ_CASE}),
    Role.CLERK: frozenset(
        {Action.FILE_CASE, Action.READ_CASE, Action.REVEAL, Action.ACCEPT, Action.HAND_OVER, Action.KEEP_STATIONS}
    ),
    Role.COUNTY_OFFICER: frozenset(
        {
            Action.READ_CASE,
            Action.REVEAL,
            Action.ACCEPT,
            Action.DECIDE,
            Action.HAND_OVER,
            Action.SEE_BOARD,
            Action.KEEP_STATIONS,
            Action.EXPORT_PERSON,
            Action.SEE_SYNC,
            Action.KEEP_SYNC,
        }
    ),
    Role.BUREAU_VIEWER: frozenset({Action.SEE_BOARD, Action.SEE_SYNC}),
    Role.CITY_ADMIN: frozenset({Action.SEE_BOARD, Action.SEE_SYNC, Action.KEEP_SYNC}),
    Role.PROVINCE_ADMIN: frozenset({Action.SEE_BOARD, Action.SEE_SYNC, Action.KEEP_SYNC, Action.KEEP_CHANNEL}),
    Role.SYSTEM_ADMIN: frozenset({Action.KEEP_ACCOUNTS}),
    Role.SECURITY_AUDITOR: frozenset({Action.READ_AUDIT}),
}
SECOND_FACTOR = frozenset(Role) - {Role.HELPER, Role.CLERK}  # above clerk, and whoever keeps the house


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting, at which post. Made from the sign-in session by accounts/sessions.py, never from the request."""

    account_id: str
    name: str  # for colleagues; a staff name is no secret
    role: Role
    post_id: str
    area: str  # a prefix of division codes: 37, 3713, 371302, 371302101
    station_code: str | None = None  # helpers and clerks: their station
    station_name: str | None = None
    session_id: str = ""

    @property
    def county_code(self) -> str:
        """Six digits; of a city or province post the prefix filled up with zeros."""
        return self.area[:6].ljust(6, "0")


def may(actor: Actor, action: Action, area: str | None = None, station_code: str | None = None) -> bool:
    """Whether this actor may do this; with `area` (a division code) only inside the post's area; a helper moreover only
    at the own station (`station_code`: where the object was filed)."""
    if action not in MAY[actor.role]:
        return False
    if area is not None and not area.startswith(actor.area):
        return False
    return not (actor.role is Role.HELPER and area is not None and station_code != actor.station_code)
