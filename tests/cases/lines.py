"""What a line of acceptance.csv means in typed values and circumstances, and people to write them with. All invented."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from cases.circumstances import AtStation, Circumstances, CityRules, CollectionPeriod, Insurance, Known, Live

TODAY = date(2026, 11, 23)
WANG = {"psn_name": "王玉兰", "certno": "379801195208170020"}  # 74, residents' insurance
LI = {"psn_name": "李建国", "certno": "379801194903020011"}  # retired
ZHANG = {"psn_name": "张明", "certno": "37980119900512003X"}
LIU = {"psn_name": "刘芳", "certno": "379801199211050044"}
SUN = {"psn_name": "孙强", "certno": "379801198812010019"}
ZHAO = {"psn_name": "赵晴", "certno": "379801200811240023"}  # 18 tomorrow
CHEN = {"psn_name": "陈晓", "certno": "37980120081123001X"}  # 18 today
BOY = {"psn_name": "张乐", "certno": "379801201609010018"}  # 10
HELPERS_PHONE = "15400000009"

CHANNELS = frozenset({"window", "assisted", "door_to_door", "self_service", "video"})
TOWN = AtStation("LS0001", "枣园镇医保工作站", "town", "371302103", "371300", "临沂市", "direct", CHANNELS)
VILLAGE = replace(TOWN, code="LS0002", level="village", division_code="371302103201", item_mode="assist")
RULES = CityRules(collection_periods=(CollectionPeriod(2027, date(2026, 9, 1), date(2026, 12, 31)),))
DIVISIONS = {"371302": "兰山区", "371311": "罗庄区", "370102": "历下区", "370116": "莱芜区"}


def insured(insutype="390", psn_type="1501", status="1", admdvs="371302", *, flexible=False, **facts):
    """The province's answer about somebody with one insurance."""
    return Known("P1", (Insurance(insutype, psn_type, status, admdvs, flexible),), **facts)


RESIDENT = insured()
RETIREE = insured("310", "12")
WORKER = insured("310", "11")
AT_TOWN = Circumstances(
    now=datetime(2026, 11, 23, 2, tzinfo=UTC),
    today=TODAY,
    station=TOWN,
    by_role="clerk",
    own_mobile=HELPERS_PHONE,
    rules=RULES,
    known=RESIDENT,
    divisions=DIVISIONS,
    today_deadline={10: date(2026, 12, 7)},
)


def at(*, rules=None, **changes):
    """The circumstances of most lines, changed; `rules` are changes of the city's rules."""
    if rules:
        changes["rules"] = replace(changes.get("base_rules", RULES), **rules)
    changes.pop("base_rules", None)
    return replace(AT_TOWN, **changes)


def day(number):
    """2026-11-23 for 20261123."""
    return date(number // 10000, number // 100 % 100, number % 100)


def live(item_no, place=None, starts=None, ends=None, ref="Q2M5-9X3K", key="remote", **facts):
    """A case of the same person that is alive."""
    return Live(ref, item_no, key, place, day(starts) if starts else None, day(ends) if ends else None, **facts)


ALWAYS = {"insu_admdvs": "371302", "ident_by": "original", "notice_version": "1"}
GUARDIAN = {
    "grdn_name": "张明",
    "grdn_certno": "37980119900512003X",
    "grdn_mob": "15400000003",
    "grdn_relation": "father",
    "grdn_consent": "1",
    "commit_mark": "spoken",
}
AGENT = {
    "by_agent": "1",
    "agnter_name": "张明",
    "agnter_certno": "37980119900512003X",
    "agnter_tel": "15400000003",
    "agnter_rlts": "child",
    "auth_kind": "spoken_on_video",
}
PROMISE = {"proof_route": "commitment", "promise": "1", "commit_by": "self", "commit_mark": "drawn_signature"}


@dataclass(frozen=True)
class Line:
    """One try at a form. `errors`: all of them. `says`, `silent`: remarks that are, and are not, made. `answers`: some."""

    case: str
    item: int
    typed: dict
    at: Circumstances
    errors: dict = field(default_factory=dict)
    says: tuple = ()  # (level, words)
    silent: tuple = ()
    answers: dict = field(default_factory=dict)
    absent: tuple = ()  # no such answer
    papers: tuple | None = None  # kinds, all of them
    missing: tuple = ()  # kinds that may come later
    ends: date | str | None = "any"
