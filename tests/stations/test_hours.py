"""Opening hours: read as people write them, and told for any moment against a minute-by-minute count."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.clock import SHANGHAI
from common.working_days import DayKind, Override, WorkingDays
from stations.hours import (
    Change,
    Opening,
    Spans,
    State,
    Week,
    coming_changes,
    day_spans,
    opening,
    read_day,
    read_week,
    week_rows,
    write_day,
    write_week,
)

ANNOUNCED = WorkingDays({})
MORNING, AFTERNOON = (510, 720), (810, 1050)  # 8:30-12:00, 13:30-17:30
USUAL = "Mo-Fr 08:30-12:00,13:30-17:30; Sa 09:00-12:00; PH off"
WEEK = read_week(USUAL)
NO_EXCEPTIONS: dict[date, Spans] = {}


def at(text: str) -> datetime:
    """A moment as a clock in Shandong shows it, handed over in UTC as the application does."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def wall(moment: datetime | None) -> str | None:
    return moment and f"{moment:%Y-%m-%d %H:%M}"


# --- Reading and writing


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (USUAL, USUAL),
        ("周一至周五 8:30-12:00，13:30-17:30；周六 9:00-12:00；节假日休息", USUAL),
        ("周一至周五 上午8:30-12:00，下午1:30-5:30，周六 9点-12点", USUAL),
        ("周一到周五：８：３０－１２：００、１３：３０～１７：３０；星期六9点—12点（法定节假日除外）", USUAL),
        ("周一-周五\n8:30——12:00 13:30至17:30\n周六 9:00~12:00\n", USUAL),
        ("工作日 8点半到12点，13点30分到17点半；礼拜六 9时-12时整", USUAL),
        ("mo-fr 8:30-12:00, 13:30-17:30; SA 9-12", USUAL),
        ("工作日 13:30-17:30 8:30-12:00；周六上午 9:00-12:00；周日休息", USUAL),
        ("周一至五 8.30-12.00/13.30-17.30；周6 9:00:00-12:00:00", USUAL),
        ("\ufeff周一至周五\u200b 8:30-12:00 13:30-17:30。周六 9:00-12:00。", USUAL),
        ("每天 8:30-17:30", "Mo-Su 08:30-17:30; PH off"),
        ("星期一 8:30-12:00", "Mo 08:30-12:00; PH off"),
        ("周一、三、五 8-12", "Mo 08:00-12:00; We 08:00-12:00; Fr 08:00-12:00; PH off"),
        ("周一三五 8-12", "Mo 08:00-12:00; We 08:00-12:00; Fr 08:00-12:00; PH off"),
        ("周末 9:00-16:00", "Sa-Su 09:00-16:00; PH off"),
        ("周六日 9:00-16:00", "Sa-Su 09:00-16:00; PH off"),
        ("周日至周四 9:00-16:00", "Mo-Th 09:00-16:00; Su 09:00-16:00; PH off"),
        ("每天 8:30-17:30，周日休息", "Mo-Sa 08:30-17:30; PH off"),
        ("周日休息，每天 8:30-17:30", "Mo-Sa 08:30-17:30; PH off"),
        ("每天 8:30-17:30；周六 9:00-12:00", "Mo-Fr 08:30-17:30; Sa 09:00-12:00; Su 08:30-17:30; PH off"),
        ("每天 8:30-17:30（周日除外）", "Mo-Sa 08:30-17:30; PH off"),
        ("周一至周五 8:30-17:30；法定节假日照常", "Mo-Fr 08:30-17:30; PH usual"),
        ("周一至周五 8:30-17:30，节假日正常上班", "Mo-Fr 08:30-17:30; PH usual"),
        ("全年无休 8:30-17:30", "Mo-Su 08:30-17:30; PH usual"),
        ("Mo-Su,PH 08:30-17:30", "Mo-Su 08:30-17:30; PH usual"),
        ("24/7", "Mo-Su 00:00-24:00; PH usual"),
        ("每天全天", "Mo-Su 00:00-24:00; PH off"),
        ("每天 24小时；节假日休息", "Mo-Su 00:00-24:00; PH off"),
        ("周五 18:00-24:00；周六 0:00-2:00", "Fr 18:00-24:00; Sa 00:00-02:00; PH off"),
        ("周五 18:00-晚上12点", "Fr 18:00-24:00; PH off"),
        ("周一 8:30-12:00,12:00-17:30", "Mo 08:30-17:30; PH off"),
        ("周末及节假日休息，工作日 9-17", "Mo-Fr 09:00-17:00; PH off"),
        ("每天休息", "Mo-Su off; PH off"),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, canonical: str) -> None:
    assert write_week(read_week(text)) == canonical


@pytest.mark.parametrize(
    ("text", "piece", "advice"),
    [
        ("", "请写", "服务时间"),
        (" ；，", "请写", "服务时间"),
        ("周一 8:30-12:00" * 30, "缩到", "300字"),
        ("周一三五日 0-1,2-3,4-5,6-7,8-9,10-11,12-13,14-15", "缩到", "300字"),  # short here, long in the column
        ("周一 0-1,2-3,4-5,6-7,8-9,10-11,12-13,14-15,16-17", "一天最多写8段", "合并"),
        ("周一 17:30-8:30", "“17:30-8:30”", "拆成两天"),
        ("周五 22:00-02:00", "“22:00-02:00”", "拆成两天"),
        ("周一 8:30-8:30", "“8:30-8:30”", "结束不晚于开始"),
        ("周一 上午8:30-5:30", "“上午8:30-5:30”", "结束不晚于开始"),
        ("周一 8:30-12:00，11:00-13:00", "“08:30-12:00”和“11:00-13:00”", "重叠"),
        ("周八 8:30-12:00", "“周八”", "周一至周五"),
        ("夏季 周一 8:30-12:00", "“夏季”", "周一至周五"),
        ("周一 25:00-26:00", "“25:00”", "24:00"),
        ("周一 8:00-24:30", "“24:30”", "24:00"),
        ("周一 8:60-9:00", "“8:60”", "24:00"),
        ("周一 20:00-晚上1点", "“晚上1点”", "24:00"),
        ("周一 830-1200", "“830”", "8:30-12:00"),
        ("周一 8:5-12:00", "“8:5”", "8:30-12:00"),
        ("周一 8:30", "“8:30”", "8:30-12:00"),
        ("周一 8:30-12:00-13:00", "“8:30-12:00-13:00”", "8:30-12:00"),
        ("周一 8:30-12:00 休息", "休息", "8:30-12:00"),
        ("8:30-17:30", "“8:30-17:30”", "没写星期几"),
        ("周一 8-9；13-14", "“13-14”", "没写星期几"),
        ("节假日休息", "没写星期几", "周一至周五"),
        ("周一；周二休息", "“周一”", "没写时间"),
        ("工作日（法定节假日除外）", "几点到几点", "8:30-12:00"),
        ("周六照常", "“周六照常”", "只有节假日"),
        ("周一 8-9；节假日 9:00-12:00", "节假日", "“休息”或“照常”"),
        ("周一 8-9；周一 13-14", "周一写了两次", "一处"),
        ("周一至周五 8-12；周三 13-17", "周三写了两次", "一处"),
        ("周一 8-9；节假日休息；节假日照常", "节假日写了两次", "一处"),
        ("周一-周三-周五 8-12", "“周一-周三-周五”", "周一至周五"),
        ("周一- 8:30-12:00", "“周一-”", "周一至周五"),
        ("日 8:30-12:00", "“日”", "周一至周五"),
        ("Mo-Fr 08:30+", "“+”", "8:30-12:00"),
        ("${x}</script>", "“${x}<", "周一至周五"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_piece_named(text: str, piece: str, advice: str) -> None:
    with pytest.raises(ValueError, match=f"{re.escape(piece)}.*{re.escape(advice)}.*。$"):
        read_week(text)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        ("  ", ()),
        ("off", ()),
        ("休息", ()),
        ("8:30-12:00，13:30-17:30", (MORNING, AFTERNOON)),
        ("8:30-12:00；下午1:30-5:30", (MORNING, AFTERNOON)),
        ("全天", ((0, 1440),)),
    ],
)
def test_the_hours_of_one_date_are_read(text: str, spans: Spans) -> None:
    assert read_day(text) == spans
    assert read_day(write_day(spans)) == spans


@pytest.mark.parametrize(
    ("text", "piece"),
    [("周一 8-9", "“周一”"), ("照常", "“照常”"), ("停电", "“停电”"), ("9-8", "“9-8”"), ("节假日休息", "“节假日”")],
)
def test_one_date_takes_times_only(text: str, piece: str) -> None:
    with pytest.raises(ValueError, match=piece):
        read_day(text)


@st.composite
def day_hours(draw: st.DrawFn) -> Spans:
    """Up to three spans with gaps, often touching midnight."""
    edges = draw(st.sets(st.sampled_from((0, 1440)) | st.integers(0, 144).map(lambda tens: tens * 10), max_size=6))
    points = sorted(edges)
    return tuple(zip(points[::2], points[1::2], strict=False))


weeks = st.builds(
    Week,
    st.lists(day_hours(), min_size=7, max_size=7).map(tuple)
    | day_hours().map(lambda spans: (*[spans] * 5, (), ()))
    | day_hours().map(lambda spans: (spans,) * 7),
    st.sampled_from(("off", "usual")),
)


@settings(deadline=None)
@given(weeks)
def test_a_written_week_reads_back_as_the_same_week(week: Week) -> None:
    assert read_week(write_week(week)) == week


SCRAPS = """周一 周五 周八 一 日 Mo Fr PH 工作日 周末 每天 节假日 至 - ， 、 ； ： : . 8 8:30 12:00 13：30 17点半 下午 5:30 晚上 24:00
24小时 全天 24/7 休息 off 照常 除外 全年无休 ( ） 夏季 \u202e 😀"""


def refusal(read: Callable[[str], object], text: str) -> str | None:
    """What it says when it refuses the text; None when it reads it."""
    try:
        read(text)
    except ValueError as said:
        return str(said)
    return None


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*SCRAPS.split(), "\n"]), max_size=14).map("".join) | st.text(max_size=40))
def test_any_text_is_read_canonically_or_refused_with_a_sentence(text: str) -> None:
    for read, write in ((read_week, write_week), (read_day, write_day)):
        said = refusal(read, text)
        if said is None:
            written = write(read(text))
            assert write(read(written)) == written
            assert len(written) <= 300
        else:
            assert said.endswith("。")
            assert 5 < len(said) < 100


def test_the_hours_table_groups_neighbouring_days_and_keeps_closed_ones() -> None:
    assert week_rows(WEEK) == [(0, 4, (MORNING, AFTERNOON)), (5, 5, ((540, 720),)), (6, 6, ())]
    assert week_rows(read_week("每天 全天")) == [(0, 6, ((0, 1440),))]


# --- One date


@pytest.mark.parametrize(
    ("week", "d", "expected"),
    [
        (USUAL, "2026-11-24", ((MORNING, AFTERNOON), "week", False)),
        (USUAL, "2026-11-29", ((), "week", False)),
        (USUAL, "2026-10-01", ((), "holiday", False)),
        (USUAL, "2026-10-03", ((), "holiday", False)),  # a Saturday in the holiday
        (USUAL, "2026-10-10", ((MORNING, AFTERNOON), "makeup", False)),
        (USUAL, "2027-10-01", ((), "holiday", True)),
        (USUAL, "2027-11-24", ((MORNING, AFTERNOON), "week", True)),
        ("Mo-Fr 08:30-12:00; PH usual", "2026-10-01", ((MORNING,), "week", False)),
        ("Mo-Fr 08:30-12:00; PH usual", "2026-10-03", ((), "week", False)),
        ("Mo-Fr 08:30-12:00; PH usual", "2026-10-10", ((MORNING,), "makeup", False)),
        ("Mo-Fr 08:30-12:00; PH usual", "2027-11-24", ((MORNING,), "week", False)),  # whatever is announced
        ("Tu-Su 08:30-12:00", "2026-10-10", ((MORNING,), "week", False)),  # Mondays off: the weekend stays its own
    ],
)
def test_a_date_has_the_hours_that_holidays_and_make_up_days_leave(week: str, d: str, expected: tuple) -> None:
    assert day_spans(read_week(week), NO_EXCEPTIONS, ANNOUNCED, date.fromisoformat(d)) == expected


def test_an_exception_wins_over_holiday_and_estimate() -> None:
    exceptions = {date(2026, 10, 1): (MORNING,), date(2026, 10, 10): (), date(2027, 3, 1): (MORNING,)}
    for d, spans in exceptions.items():
        assert day_spans(WEEK, exceptions, ANNOUNCED, d) == (spans, "exception", False)


# --- Open now


@pytest.mark.parametrize(
    ("now", "state", "closes_at", "opens_at", "estimated"),
    [
        ("2026-11-24 08:29:59", "closed", None, "2026-11-24 08:30", False),
        ("2026-11-24 08:30", "open", "2026-11-24 12:00", None, False),
        ("2026-11-24 11:29:59", "open", "2026-11-24 12:00", None, False),
        ("2026-11-24 11:30", "closing", "2026-11-24 12:00", "2026-11-24 13:30", False),
        ("2026-11-24 11:59:59", "closing", "2026-11-24 12:00", "2026-11-24 13:30", False),
        ("2026-11-24 12:00", "closed", None, "2026-11-24 13:30", False),
        ("2026-11-24 17:15", "closing", "2026-11-24 17:30", "2026-11-25 08:30", False),
        ("2026-11-24 23:59", "closed", None, "2026-11-25 08:30", False),
        ("2026-11-28 12:30", "closed", None, "2026-11-30 08:30", False),  # Saturday after noon
        ("2026-09-30 17:30", "closed", None, "2026-10-08 08:30", False),  # 国庆: back on Thursday the 8th
        ("2026-10-10 15:00", "open", "2026-10-10 17:30", None, False),  # make-up Saturday: Monday's hours
        ("2026-02-14 18:00", "closed", None, "2026-02-24 08:30", False),  # 春节, nine days
        ("2026-12-31 16:00", "open", "2026-12-31 17:30", None, False),
        ("2026-12-31 17:15", "closing", "2026-12-31 17:30", "2027-01-02 09:00", True),
        ("2026-12-31 18:00", "closed", None, "2027-01-02 09:00", True),  # the Saturday after 元旦: nobody has said yet
        ("2027-02-24 10:00", "open", "2027-02-24 12:00", None, True),
    ],
)
def test_a_station_tells_whether_it_is_open_and_until_when(
    now: str, state: str, closes_at: str | None, opens_at: str | None, estimated: bool
) -> None:
    found = opening(WEEK, NO_EXCEPTIONS, ANNOUNCED, at(now))
    assert (found.state, wall(found.closes_at), wall(found.opens_at), found.estimated) == (
        state,
        closes_at,
        opens_at,
        estimated,
    )


@pytest.mark.parametrize(
    ("week", "now", "state", "closes_at", "opens_at"),
    [
        ("每天 全天；节假日照常", "2026-11-24 12:00", "open", None, None),
        ("每天 全天", "2026-09-20 12:00", "open", "2026-09-25 00:00", None),  # until 中秋
        ("每天 全天", "2026-09-27 23:59", "closed", None, "2026-09-28 00:00"),
        ("周五 18:00-24:00；周六 0:00-2:00", "2026-11-27 23:45", "open", "2026-11-28 02:00", None),
        ("周五 18:00-24:00；周六 0:00-2:00", "2026-11-28 01:45", "closing", "2026-11-28 02:00", "2026-12-04 18:00"),
        ("周五 18:00-24:00", "2026-11-27 23:45", "closing", "2026-11-28 00:00", "2026-12-04 18:00"),
        ("每天 休息", "2026-11-24 12:00", "closed", None, None),
    ],
)
def test_midnight_neither_closes_nor_opens_a_station(
    week: str, now: str, state: str, closes_at: str | None, opens_at: str | None
) -> None:
    found = opening(read_week(week), NO_EXCEPTIONS, ANNOUNCED, at(now))
    assert (found.state, wall(found.closes_at), wall(found.opens_at)) == (state, closes_at, opens_at)


def test_spans_that_touch_are_one() -> None:
    touching = {date(2026, 11, 24): ((510, 720), (720, 1050))}
    assert wall(opening(WEEK, touching, ANNOUNCED, at("2026-11-24 11:45")).closes_at) == "2026-11-24 17:30"


def test_an_opening_more_than_30_days_away_is_not_promised() -> None:
    far = {date(2026, 12, 24): (MORNING,), date(2026, 12, 25): (MORNING,)}
    closed = read_week("每天 休息")
    assert wall(opening(closed, far, ANNOUNCED, at("2026-11-24 12:00")).opens_at) == "2026-12-24 08:30"
    assert opening(closed, far, ANNOUNCED, at("2026-11-23 12:00")).opens_at is None


HOLIDAY_DATES = """2025-01-01 2025-01-26 2025-01-28 2025-02-08 2025-05-05 2025-10-01 2025-10-06 2025-10-08 2025-10-11 2026-01-04
2026-02-14 2026-02-15 2026-02-23 2026-02-28 2026-05-01 2026-09-20 2026-09-25 2026-10-01 2026-10-07 2026-10-10 2026-12-31
2027-01-01 2027-05-01 2027-10-01 2027-12-31 2028-01-01 2028-02-29"""
dates = st.sampled_from([date.fromisoformat(text) for text in HOLIDAY_DATES.split()]) | st.dates(
    date(2025, 1, 1), date(2028, 12, 31)
)
calendars = st.dictionaries(
    dates, st.builds(Override, st.booleans(), st.sampled_from((None, "春节", "国庆节"))), max_size=4
).map(WorkingDays)


@st.composite
def moments_with_exceptions(draw: st.DrawFn) -> tuple[datetime, dict[date, Spans]]:
    """A moment of 2025 to 2028, often on the hour, and exceptions in the days around it."""
    d = draw(dates)
    seconds = draw(st.integers(0, 143).map(lambda tens: tens * 600) | st.integers(0, 86_399))
    near = st.integers(-1, 12).map(lambda days: d + timedelta(days=days))
    now = datetime(d.year, d.month, d.day, tzinfo=SHANGHAI) + timedelta(seconds=seconds)
    return now.astimezone(UTC), draw(st.dictionaries(near, day_hours(), max_size=5))


def open_minutes(week: Week, exceptions: Mapping[date, Spans], days: WorkingDays, d: date) -> set[int]:
    """The rule, said slowly: every minute of that date on which the door is open."""
    day = days.day(d)
    if d in exceptions:
        spans = exceptions[d]
    elif day.kind is DayKind.HOLIDAY and week.on_holidays == "off":
        spans = ()
    elif day.kind is DayKind.MAKEUP and week.days[0]:
        spans = week.days[0]
    else:
        spans = week.days[d.weekday()]
    return {minute for opens, closes in spans for minute in range(opens, closes)}


def by_the_minute(
    week: Week, exceptions: Mapping[date, Spans], days: WorkingDays, now: datetime
) -> tuple[State, datetime | None, datetime | None]:
    """What a person at the door with a watch and a month of patience would write down."""
    local = now.astimezone(SHANGHAI)

    def first(d: date, from_minute: int, wanted: bool) -> tuple[date, int] | None:
        """The first such minute, watching from then until 30 days later."""
        for ahead in range(31):
            doors = open_minutes(week, exceptions, days, d + timedelta(days=ahead))
            for minute in range(0 if ahead else from_minute, 1440):
                if (minute in doors) is wanted:
                    return d + timedelta(days=ahead), minute
        return None

    def moment(found: tuple[date, int] | None) -> datetime | None:
        return found and datetime.combine(found[0], time(found[1] // 60, found[1] % 60), SHANGHAI)

    today, minute = local.date(), local.hour * 60 + local.minute
    if minute not in open_minutes(week, exceptions, days, today):
        return State.CLOSED, None, moment(first(today, minute, True))
    closes = first(today, minute, False)
    closes_at = moment(closes)
    if closes is None or closes_at is None or closes_at - now > timedelta(minutes=30):
        return State.OPEN, closes_at, None
    # the month of patience begins with the day that the door closes on, which at midnight is the day before
    closes_on = (closes_at - timedelta(minutes=1)).date()
    return State.CLOSING, closes_at, moment(first(closes_on, closes[1] if closes_on == closes[0] else 1440, True))


@settings(max_examples=300, deadline=None)
@given(weeks, moments_with_exceptions(), calendars)
@example(read_week("每天 全天"), (at("2026-12-31 23:50"), {}), ANNOUNCED)
@example(read_week("每天 0:00-0:10"), (at("2026-09-30 00:05"), {}), ANNOUNCED)
def test_open_or_not_agrees_with_a_count_of_every_minute(
    week: Week, moment: tuple[datetime, dict[date, Spans]], days: WorkingDays
) -> None:
    now, exceptions = moment
    found = opening(week, exceptions, days, now)
    assert found[:3] == by_the_minute(week, exceptions, days, now)
    consistent(found, now)


def consistent(found: Opening, now: datetime) -> None:
    """What a page may rely on, whatever the hours."""
    if found.state is State.CLOSED:
        assert found.closes_at is None
    if found.state is State.OPEN:
        assert found.opens_at is None
    if found.state is State.CLOSING:
        assert found.closes_at is not None
        assert found.closes_at - now <= timedelta(minutes=30)
    for moment in (found.closes_at, found.opens_at):
        assert moment is None or (moment > now and moment.tzinfo is SHANGHAI)
    assert not (found.closes_at and found.opens_at) or found.closes_at < found.opens_at


@settings(max_examples=300, deadline=None)
@given(weeks, moments_with_exceptions(), calendars)
def test_an_answer_without_estimate_stands_on_announced_days(
    week: Week, moment: tuple[datetime, dict[date, Spans]], days: WorkingDays
) -> None:
    now, exceptions = moment
    found = opening(week, exceptions, days, now)
    d = now.astimezone(SHANGHAI).date()
    until = max((m.date() for m in (found.closes_at, found.opens_at) if m), default=d)
    while d <= until and not found.estimated:
        hours = day_spans(week, exceptions, days, d)
        decided = d in exceptions or not days.day(d).estimated or (week.on_holidays == "usual" and d.weekday() < 5)
        assert decided or (d == until and hours.spans == ())
        d += timedelta(days=1)


# --- The next weeks


def test_the_coming_changes_tell_holidays_as_runs_make_up_days_and_exceptions_with_their_note() -> None:
    exceptions = {date(2026, 9, 9): (), date(2026, 9, 10): (), date(2026, 10, 4): (MORNING,)}
    notes = {date(2026, 9, 9): "停电检修", date(2026, 9, 10): "停电检修"}
    assert coming_changes(WEEK, exceptions, notes, ANNOUNCED, date(2026, 9, 1)) == [
        Change(date(2026, 9, 9), date(2026, 9, 10), (), "exception", "停电检修", False),
        Change(date(2026, 9, 20), date(2026, 9, 20), (MORNING, AFTERNOON), "makeup", "调休上班", False),
        Change(date(2026, 9, 25), date(2026, 9, 27), (), "holiday", "中秋节", False),
        Change(date(2026, 10, 1), date(2026, 10, 3), (), "holiday", "国庆节", False),
        Change(date(2026, 10, 4), date(2026, 10, 4), (MORNING,), "exception", "", False),
        Change(date(2026, 10, 5), date(2026, 10, 7), (), "holiday", "国庆节", False),
        Change(date(2026, 10, 10), date(2026, 10, 10), (MORNING, AFTERNOON), "makeup", "调休上班", False),
    ]


def test_a_holiday_with_two_names_is_one_run() -> None:
    assert coming_changes(WEEK, {}, {}, ANNOUNCED, date(2025, 9, 29), 10)[0] == Change(
        date(2025, 10, 1), date(2025, 10, 8), (), "holiday", "国庆节、中秋节", False
    )


def test_a_run_that_begins_within_the_horizon_is_told_to_its_end_and_a_later_one_not_at_all() -> None:
    assert coming_changes(WEEK, {}, {}, ANNOUNCED, date(2026, 9, 28), 3)[0].last == date(2026, 10, 7)
    assert coming_changes(WEEK, {}, {}, ANNOUNCED, date(2026, 9, 28), 2) == []


def test_a_holiday_under_way_begins_today() -> None:
    assert coming_changes(WEEK, {}, {}, ANNOUNCED, date(2026, 10, 3), 1)[0].first == date(2026, 10, 3)


def test_a_station_that_is_open_as_usual_on_holidays_announces_none() -> None:
    usual = read_week("工作日 8:30-12:00；节假日照常")
    assert [change.reason for change in coming_changes(usual, {}, {}, ANNOUNCED, date(2026, 9, 1))] == ["makeup"] * 2


def test_a_holiday_on_days_it_is_closed_anyway_is_no_change() -> None:
    mondays = read_week("周一 8:30-12:00")
    found = coming_changes(mondays, {}, {}, ANNOUNCED, date(2026, 9, 22), 30)
    assert [(change.word, change.first.day) for change in found] == [("国庆节", 1), ("调休上班", 10)]


def test_an_exception_that_changes_nothing_is_told_only_with_a_note() -> None:
    tuesday = date(2026, 11, 24)
    same = {tuesday: (MORNING, AFTERNOON)}
    assert coming_changes(WEEK, same, {}, ANNOUNCED, tuesday, 7) == []
    assert coming_changes(WEEK, same, {tuesday: "在二楼"}, ANNOUNCED, tuesday, 7)[0].word == "在二楼"


def test_coming_changes_of_an_unannounced_year_are_marked_as_estimated() -> None:
    found = coming_changes(WEEK, {}, {}, ANNOUNCED, date(2027, 9, 20))
    assert [(change.first, change.last, change.estimated) for change in found] == [
        (date(2027, 10, 1), date(2027, 10, 3), True)
    ]


def test_at_most_eight_changes_are_told() -> None:
    every_second_day = {date(2026, 11, 2) + timedelta(days=2 * number): () for number in range(20)}
    assert len(coming_changes(WEEK, every_second_day, {}, ANNOUNCED, date(2026, 11, 1))) == 8
