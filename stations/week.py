"""A station's normal week, and how it is written. Floor 3: no database, no page, no calendar (that is hours.py).

It is kept as text, a small subset of OpenStreetMap's opening_hours: `Mo-Fr 08:30-12:00,13:30-17:30; Sa 09:00-12:00; PH off`.
Rosters write it in many ways; what cannot be read is refused by name rather than guessed: a wrong hour costs a journey.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from common.i18n import gettext as _

Span: TypeAlias = tuple[int, int]  # opens, closes: minutes since midnight, 0 <= opens < closes <= 1440
Spans: TypeAlias = tuple[Span, ...]  # one day's: sorted, with a gap between each two

DAY_MINUTES = 24 * 60
MAX_TEXT = 300
MAX_SPANS = 8  # a day; their text stays under the 100 characters of an exception's column
_HOLIDAYS = 7  # stands beside 0 … 6 in a set of days


@dataclass(frozen=True, slots=True)
class Week:
    """`days`: seven days, Monday first. `on_holidays`: closed ("off"), or open as on any such weekday ("usual")."""

    days: tuple[Spans, ...]
    on_holidays: Literal["off", "usual"] = "off"


class WeekRow(NamedTuple):
    """A line of the hours table: neighbouring weekdays with the same hours, 0 = Monday."""

    first: int
    last: int
    spans: Spans


def read_week(text: str) -> Week:
    """The week that a roster or a form describes, in OpenStreetMap's notation or as people write it. 70 µs.

    `Mo-Fr 08:30-12:00,13:30-17:30; PH off`, `周一至周五 8:30-12:00，下午1点半到5点；周六 9:00-12:00；节假日照常`. A day that is
    not named is closed; holidays are off unless it says otherwise; of two rules for a day, the one for fewer days holds.
    ValueError: one sentence that names the piece.
    """
    rules = _rules(_pieces(text, example="周一至周五 8:30-12:00"))
    if not any(rule.days - {_HOLIDAYS} for rule in rules):
        raise ValueError(_("没写星期几，请照这样写：周一至周五 8:30-12:00。"))
    if "除外" in text and not any(rule.spans for rule in rules):
        raise ValueError(_("没写几点到几点，请照这样写：周一至周五 8:30-12:00。"))
    days = tuple(_narrowest(rules, weekday).spans for weekday in range(7))
    week = Week(days, "usual" if _narrowest(rules, _HOLIDAYS).usual else "off")
    _must_fit(write_week(week))
    return week


def read_day(text: str) -> Spans:
    """The hours of one date: `8:30-12:00，13:30-17:30`. Nothing, `off` and 休息 are closed. ValueError: one sentence."""
    if not text.strip():
        return ()
    pieces = _pieces(text, example="8:30-12:00")
    for piece in pieces:
        if piece.kind in _DAY_KINDS or piece.kind == "usual":
            raise ValueError(_("“%(piece)s”用不上，请只写时间，如 8:30-12:00，或写“休息”。", piece=piece.text))
    return _spans([piece for piece in pieces if piece.kind not in ("comma", "end")])


def write_week(week: Week) -> str:
    """The canonical text, from which `read_week` gives the same week. `PH usual` is the one word that is only ours."""
    rows = [row for row in week_rows(week) if row.spans] or [WeekRow(0, 6, ())]
    return "; ".join([*(f"{_day_range(row)} {write_day(row.spans)}" for row in rows), f"PH {week.on_holidays}"])


def write_day(spans: Spans) -> str:
    """`08:30-12:00,13:30-17:30`, or `off`."""
    return ",".join(_span_text(span) for span in spans) or "off"


def week_rows(week: Week) -> list[WeekRow]:
    """The week as a table: equal neighbouring days share a row, closed ones too."""
    rows: list[WeekRow] = []
    for weekday, spans in enumerate(week.days):
        if rows and rows[-1].spans == spans:
            rows[-1] = rows[-1]._replace(last=weekday)
        else:
            rows.append(WeekRow(weekday, weekday, spans))
    return rows


_OSM_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY_NUMBERS = {
    **{name.lower(): (number,) for number, name in enumerate(_OSM_DAYS)},
    **{name: (number,) for number, name in enumerate("一二三四五六日")},
    **{name: (number,) for number, name in enumerate("1234567")},
    "天": (6,),
    **dict.fromkeys(("每天", "每日", "天天"), tuple(range(7))),
    "工作日": tuple(range(5)),
    **dict.fromkeys(("周末", "双休日"), (5, 6)),
}

# NFKC comes first: it makes full-width digits, colons, commas, brackets and ～ plain. Zero-width and direction marks
# come with cells copied from elsewhere; they go.
_ALWAYS = re.compile(r"(?<![\d:.])24\s*/\s*7(?![\d:.])")
_ALL_YEAR = "全年无休"
_SAME_SIGN = str.maketrans(
    {
        **dict.fromkeys("—–―─‒‐−~〜至到", "-"),
        **dict.fromkeys("、/|()[]及和与\r\n", ","),
        **dict.fromkeys(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF))),
        "。": ";",
    }
)
_TOKEN = re.compile(
    r"""
      (?P<space> \s+ )
    | (?P<allday> 全天(?:24小时)? | 24小时 )
    | (?P<time> (?P<half> 上午|早上|早|下午|晚上|晚 )? \s* (?P<hour> \d{1,2} )(?!\d)
        (?: [:.] (?P<minute> \d{2} )(?!\d) (?: :00 )?
          | [点时] (?: (?P<spoken> \d{1,2} )(?!\d) 分? | (?P<thirty> 半 ) | 整 )?
          | (?! [:.]\d ) ) )
    | (?P<ph> PH | (?:国家)? (?:法定)? (?: 节假日|假日|节日 ) )
    | (?P<days> (?: Mo|Tu|We|Th|Fr|Sa|Su )(?![a-z]) | 每天|每日|天天|工作日|周末|双休日
        | 每? (?: 周|星期|礼拜 ) (?P<han> [一二三四五六日天] | [1-7](?!\d) ) )
    | (?P<bare> [一二三四五六日天] )
    | (?P<off> off | closed | 休息 | 放假 | 关门 | 除外 | 不 (?: 上班|办公|开放|开门|营业 ) )
    | (?P<usual> usual | (?: 照常|正常 ) (?: 上班|办公|开放|开门|营业 )? )
    | (?P<dash> -+ )
    | (?P<comma> [,:.] )
    | (?P<end> ; )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER = re.compile(r"[\d:.]{1,12}")
_DAY_KINDS = ("days", "bare", "ph")


class _Piece(NamedTuple):
    """`kind`: the name of the branch of _TOKEN. `numbers`: the days it means, or a time's minutes."""

    kind: str
    text: str
    numbers: tuple[int, ...] = ()
    afternoon: bool = False


class _Rule(NamedTuple):
    """Some days (0 … 6, holidays 7) and what is said about them."""

    days: frozenset[int]
    spans: Spans
    usual: bool


def _pieces(text: str, example: str) -> list[_Piece]:
    """The text cut into days, times, words and signs. `example` shows in errors how it could be written."""
    _must_fit(text)
    plain = _ALWAYS.sub(f"{_ALL_YEAR}24小时", unicodedata.normalize("NFKC", text)).replace(_ALL_YEAR, "每天,节假日")
    plain = plain.translate(_SAME_SIGN)
    found: list[_Piece] = []
    at = 0
    while at < len(plain):
        match = _TOKEN.match(plain, at)
        if not match:
            raise ValueError(
                _("“%(piece)s”看不懂，请照这样写：%(example)s。", piece=_unread(plain, at), example=example)
            )
        if match["space"] is None:
            found.append(_piece(match))
        at = match.end()
    if all(piece.kind in ("comma", "end", "dash") for piece in found):
        raise ValueError(_("请写服务时间，如：%(example)s。", example=example))
    return found


def _must_fit(text: str) -> None:
    """Both what came and what is kept: the canonical text can be the longer one, and the column ends at 300."""
    if len(text) > MAX_TEXT:
        raise ValueError(_("服务时间太长，请缩到%(n)s字以内。", n=MAX_TEXT))


def _unread(plain: str, at: int) -> str:
    """What could not be read, up to where reading could go on; 12 characters at most."""
    number = _NUMBER.match(plain, at)
    stop = number.end() if number else at + 1
    while stop < min(len(plain), at + 12) and not _TOKEN.match(plain, stop):
        stop += 1
    return plain[at:stop]


def _piece(match: re.Match[str]) -> _Piece:
    text = match.group()
    if match["time"]:
        return _time(match, text.strip())
    if match["days"] or match["bare"]:
        return _Piece("days" if match["days"] else "bare", text, _DAY_NUMBERS[match["han"] or text.lower()])
    return _Piece(str(match.lastgroup), text, (_HOLIDAYS,) if match["ph"] else ())


def _time(match: re.Match[str], text: str) -> _Piece:
    """8:30, 8.30, 8点半, 下午1点30分, 24:00."""
    hour, minute = int(match["hour"]), int(match["minute"] or match["spoken"] or (30 if match["thirty"] else 0))
    evening = match["half"] in ("晚上", "晚")
    afternoon = evening or match["half"] == "下午"
    if (afternoon and hour < 12) or (evening and hour == 12):
        hour += 12
    # 晚上1点 is the next day's; a station that is open then says so in two days
    if hour > 24 or minute > 59 or (hour == 24 and minute) or (evening and hour < 17):
        raise ValueError(_("“%(piece)s”不是一天里的时间，请写 0:00 到 24:00。", piece=text))
    return _Piece("time", text, (hour * 60 + minute,), afternoon)


def _rules(pieces: list[_Piece]) -> list[_Rule]:
    """One rule for each run of days and what follows it; a new day after a time begins the next."""
    rules: list[_Rule] = []
    days: list[_Piece] = []
    said: list[_Piece] = []
    for piece in [*pieces, _Piece("end", ";")]:
        if piece.kind == "end" or (piece.kind in _DAY_KINDS and said):
            if days or said:
                rules.append(_rule(days, said))
            days, said = [], []
        if piece.kind in _DAY_KINDS or (piece.kind == "dash" and not said):
            days.append(piece)
        elif piece.kind not in ("comma", "end"):
            said.append(piece)
    return rules


def _rule(days: list[_Piece], said: list[_Piece]) -> _Rule:
    named = _days(days)
    if not named:
        raise ValueError(_("“%(piece)s”前面没写星期几，请照这样写：周一至周五 8:30-12:00。", piece=_text(said)))
    if not said:
        raise ValueError(_("“%(piece)s”后面没写时间，不开门请写“休息”。", piece=_text(days)))
    usual = [piece.kind for piece in said] == ["usual"]
    if usual and named != {_HOLIDAYS}:
        raise ValueError(_("“%(piece)s”看不懂，只有节假日能写“照常”。", piece=_text([*days, *said])))
    spans = () if usual else _spans(said)
    if spans and _HOLIDAYS in named and len(named) <= 7:
        raise ValueError(_("节假日请只写“休息”或“照常”；哪天时间不同，请另记在那一天。"))
    return _Rule(frozenset(named), spans, usual or bool(spans))


def _days(pieces: list[_Piece]) -> set[int]:
    """周一至周五、周日 → {0, 1, 2, 3, 4, 6}. A range may pass Sunday: 周日至周四."""
    named: set[int] = set()
    for number, piece in enumerate(pieces):
        before = pieces[number - 1] if number else None
        after = pieces[number + 1] if number + 1 < len(pieces) else None
        if piece.kind == "dash":
            chained = number >= 2 and pieces[number - 2].kind == "dash"  # 周一-周三-周五: three days, or five?
            if chained or not (before and after and _one_day(before) and _one_day(after)):
                raise ValueError(_("“%(piece)s”看不懂，请写成：周一至周五。", piece=_text(pieces)))
            first, last = before.numbers[0], after.numbers[0]
            named.update((first + step) % 7 for step in range((last - first) % 7))
        elif piece.kind == "bare" and not before:
            raise ValueError(_("“%(piece)s”看不懂，请照这样写：周一至周五 8:30-12:00。", piece=piece.text))
        named.update(piece.numbers)
    return named


def _one_day(piece: _Piece) -> bool:
    return piece.kind in ("days", "bare") and len(piece.numbers) == 1


def _spans(said: list[_Piece]) -> Spans:
    """8:30-12:00 13:30-17:30, 全天, or a word for closed: sorted, checked, joined where they touch."""
    kinds = [piece.kind for piece in said]
    if kinds == ["off"]:
        return ()
    if kinds == ["allday"]:
        return ((0, DAY_MINUTES),)
    if kinds != ["time", "dash", "time"] * (len(kinds) // 3):
        raise ValueError(_("“%(piece)s”看不懂，时间请写成 8:30-12:00。", piece=_text(said)))
    return _joined(_span(*said[at : at + 3]) for at in range(0, len(said), 3))


def _span(start: _Piece, dash: _Piece, end: _Piece) -> Span:
    opens, closes = start.numbers[0], end.numbers[0]
    if start.afternoon and closes < DAY_MINUTES // 2:  # 下午1:30-5:30
        closes += DAY_MINUTES // 2
    if closes <= opens:
        words = _text([start, dash, end])
        raise ValueError(
            _("“%(piece)s”结束不晚于开始。要过夜请拆成两天，如 20:00-24:00 和次日 0:00-2:00。", piece=words)
        )
    return opens, closes


def _joined(spans: Iterable[Span]) -> Spans:
    joined: list[Span] = []
    for opens, closes in sorted(spans):
        if joined and opens < joined[-1][1]:
            one, other = _span_text(joined[-1]), _span_text((opens, closes))
            raise ValueError(_("“%(one)s”和“%(other)s”重叠了，请改成一段或错开。", one=one, other=other))
        if joined and opens == joined[-1][1]:
            opens = joined.pop()[0]
        joined.append((opens, closes))
    if len(joined) > MAX_SPANS:
        raise ValueError(_("一天最多写%(n)s段时间，请合并几段。", n=MAX_SPANS))
    return tuple(joined)


def _narrowest(rules: list[_Rule], day: int) -> _Rule:
    """What holds for a day: 每天 8:30-17:30，周日休息 leaves Sunday closed, whichever is written first.

    ValueError if two rules may both be meant: times for as many days, or times that do not overlap.
    """
    about = sorted((rule for rule in rules if day in rule.days), key=lambda rule: len(rule.days))
    if not about:
        return _Rule(frozenset(), (), usual=False)
    first = about[0]
    for other in about[1:]:
        as_wide = len(other.days) == len(first.days) and (other.spans, other.usual) != (first.spans, first.usual)
        if as_wide or (first.spans and other.spans and not _overlap(first.spans, other.spans)):
            word = _("节假日") if day == _HOLIDAYS else "周" + "一二三四五六日"[day]
            raise ValueError(_("%(day)s写了两次，请写在一处，如：8:30-12:00，13:30-17:30。", day=word))
    return first


def _overlap(some: Spans, others: Spans) -> bool:
    return any(a < d and c < b for a, b in some for c, d in others)


def _text(pieces: Iterable[_Piece]) -> str:
    text = "".join(piece.text for piece in pieces)
    return text if len(text) <= 30 else f"{text[:30]}…"


def _span_text(span: Span) -> str:
    return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in span)


def _day_range(row: WeekRow) -> str:
    return _OSM_DAYS[row.first] if row.first == row.last else f"{_OSM_DAYS[row.first]}-{_OSM_DAYS[row.last]}"
