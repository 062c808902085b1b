"""What a form is judged against beside what was typed: the day, the station, the city's rules, what the province knows.

Plain facts, gathered by whoever asks (cases/gathering.py from the database, tests by hand). Room `cases`, floor 4.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from common.working_days import WorkingDays


@dataclass(frozen=True)
class CollectionPeriod:
    """集中缴费期 of one year in one city."""

    year: int
    start: date
    end: date


@dataclass(frozen=True)
class CityRules:
    """What cities decide (forms.md, "City settings"); data, never code."""

    collection_periods: tuple[CollectionPeriod, ...] = ()
    newborn_window_days: int | None = None
    newborn_max_age_months: int = 12
    validity_months: int = 6
    min_change_months: int = 6
    breach_months: int = 24
    back_date_days: int = 0
    future_start_days: int = 90
    inpatient_back_days: int = 180
    in_province_filing_required: bool = False
    multi_target: bool = False
    commitment_valid_months: int | None = None
    supplement_wd: int = 10


@dataclass(frozen=True)
class AtStation:
    """Where it is filed."""

    code: str
    name: str
    level: str  # town, village
    division_code: str  # town (9 digits) or village (12)
    city_code: str  # six digits, 371300
    city_name: str
    item_mode: str | None  # direct, assist, consult; None: the station has not taken the item on
    channels: frozenset[str] = frozenset()  # in which the catalogue offers the item


@dataclass(frozen=True)
class Insurance:
    """One insuinfo row of 1101."""

    insutype: str  # 310, 390
    psn_type: str  # 11 in work, 12 retired, 14–16 residents
    status: str  # psn_insu_stas: 1 normal, 2 paused, 4 ended
    admdvs: str  # where
    flexible: bool = False


@dataclass(frozen=True)
class Known:
    """What the province says of the person (transaction 1101 and neighbours)."""

    psn_no: str | None = None
    insurances: tuple[Insurance, ...] = ()
    died: bool = False
    special_status: str | None = None  # 低保 … by data sharing
    referral_shown: bool = False  # the hospital's own 2501
    birth_certificate_shared: bool = False
    breach_on: date | None = None  # a commitment was broken on this day
    naty: str | None = None
    lives_here: bool = False  # data sharing confirms that they live, study or work in the city


@dataclass(frozen=True)
class Live:
    """A live case of the same person: what a new one may collide with."""

    ref: str  # as people read it
    item_no: int
    live_key: str
    place: str | None = None  # rloc_admdvs of a remote-care filing
    starts_on: date | None = None
    ends_on: date | None = None
    birth_day: date | None = None  # newborn: to notice twins
    same_person: bool = True  # False: found through the guardian only (a brother or sister)
    under_way: bool = False  # at a desk, or the province has not confirmed it yet


@dataclass(frozen=True)
class Circumstances:
    """Everything a check may look at."""

    now: datetime  # aware, UTC
    today: date  # in Shanghai
    station: AtStation | None = None  # None: a resident at home
    channel: str = "window"  # window, assisted, door_to_door, self_service, video
    by_role: str | None = None  # helper, clerk, county_officer; None: the resident
    own_mobile: str | None = None  # of whoever types for others
    rules: CityRules = CityRules()
    known: Known | None = None  # None: the province was not asked, or said nothing
    unreachable: bool = False  # it was asked, and said nothing
    live: tuple[Live, ...] = ()  # never looked up for somebody at home: see cases/submitting.py
    divisions: dict[str, str] = field(default_factory=dict)  # code → name, of those a form may name
    merged: dict[str, str] = field(default_factory=dict)  # old division code → the one it went into
    today_deadline: dict[int, date] = field(default_factory=dict)  # working days from today → the day (supplement_wd)
    papers: frozenset[str] = frozenset()  # kinds already handed in
    authorisation_revoked: bool = False
    confirmed: frozenset[str] = frozenset()  # warnings the person has confirmed, by field
    item_name: str = ""  # as the catalogue in force names it; "": as cases/item_names.py does

    @property
    def by_staff(self) -> bool:
        """Whether somebody of a station, town or county types for the person."""
        return self.by_role is not None

    def supplement_day(self) -> date:
        """Until when a paper that may be missing has to be brought."""
        days = self.rules.supplement_wd
        return self.today_deadline.get(days) or WorkingDays({}).after(self.today, days).date


@dataclass(frozen=True)
class About:
    """What a sheet of this room is judged against: which item, under which circumstances."""

    item_no: int
    at: Circumstances
