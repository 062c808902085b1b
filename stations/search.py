"""The one search box: items, policy answers, divisions and stations in one list. Room `stations`, floor 3.

What changes rarely (items, answers, divisions down to towns) is an index in memory; villages and stations are looked up
in the database. Scores of both are between 0 and 1 and compared as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from common.editions import Kept
from common.i18n import gettext as _
from common.wordsearch import Entry, Index
from services_catalog.queries import answers, catalogue, search_entries
from stations.names import find_names, short_name
from stations.queries import DivisionView, division, divisions, lineage

LONGEST = 60  # characters; a question longer than that is a story
SHOWN = 20
_NEEDLE_BONUS = 0.02  # between an area and the station named after it, the area comes first
_WORD = 0.9  # a score that only a word of insurance said whole reaches
_BY_CHANCE = 0.6  # factor for a place whose name the words hold only in part: 北京住院 is not about 北京路街道


class TooLong(ValueError):
    """The text is longer than anybody types into a search box. Carries a sentence."""


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the list. `kind`: item, answer, division or station; `ref`: its number or code."""

    kind: str
    ref: str
    title: str
    soft: str
    score: float


def _load_index(session: Session) -> Index:
    known = divisions(session)
    return Index([*search_entries(session), *(_place_entry(view, known) for view in known.values() if not view.became)])


def _place_entry(view: DivisionView, known: Mapping[str, DivisionView]) -> Entry:
    """A place as people call it: 兰山区, 兰山, 临沂市兰山区."""
    parent = known.get(view.parent_code or "") if view.level > 2 else None
    said = {view.name: 1.0, short_name(view.name): 0.98, (parent.name if parent else "") + view.name: 0.6}
    return Entry("division", view.code, tuple(sorted(said.items(), key=lambda phrase: -phrase[1])))


_index = Kept(_load_index, "catalogue", "answers", "divisions")


def find(session: Session, typed: str, *, on: date) -> list[Result]:
    """What fits, best first, at most SHOWN. Blank text finds nothing; over LONGEST characters raises TooLong.

    Seven statements at most: editions, and six for names.
    """
    text = typed.strip()
    if len(text) > LONGEST:
        raise TooLong(_("话太长了，请用几个字说，最多 %(most)s 个", most=LONGEST))
    if not text:
        return []
    results: dict[tuple[str, str], Result] = {}
    for hit in _index(session).find(text, SHOWN):
        found = _result(session, hit.kind, hit.ref, hit.score, on)
        if found:
            results[hit.kind, hit.ref] = found
    for name in find_names(session, text):
        key = (name.kind, name.code)
        score = name.score + (_NEEDLE_BONUS if name.kind == "division" else 0)
        if key not in results or results[key].score < score:
            results[key] = Result(name.kind, name.code, name.name, name.above, score)
    ranked = _things_first(text, list(results.values()))
    return sorted(ranked, key=lambda result: (-result.score, result.kind, result.ref))[:SHOWN]


def _things_first(text: str, results: list[Result]) -> list[Result]:
    """Places that are in the words by chance scored lower: named in part (北京住院 and 北京路街道), by ear alone (住院 and
    朱园), or only begun by a word that stands for itself (上门 and 上门家). In pinyin there is nothing to tell them by."""
    said = "".join(text.split())
    if said.isascii():
        return results
    things = [result for result in results if result.kind not in ("division", "station")]
    a_word = any(result.score >= _WORD for result in things)

    def by_chance(name: str) -> bool:
        return short_name(name) not in said and (a_word or said not in name)

    return [
        replace(result, score=result.score * _BY_CHANCE) if result not in things and by_chance(result.title) else result
        for result in results
    ]


def _result(session: Session, kind: str, ref: str, score: float, on: date) -> Result | None:
    if kind == "item":
        item = catalogue(session, on).items.get(int(ref))
        return Result(kind, ref, item.short, item.purpose or item.name, score) if item else None
    if kind == "answer":
        fact = answers(session).by_id.get(ref)
        return Result(kind, ref, fact.question, fact.topic_name, score) if fact else None
    view = division(session, ref)
    above = "·".join(part.name for part in lineage(session, ref)[:-1])
    return Result(kind, ref, view.name, above, score) if view else None
