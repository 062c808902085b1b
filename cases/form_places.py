"""Places in a form: typed by name, kept as codes. Room `cases`, floor 4.

People know 南京 and 兰山区, not 320100 and 371302. A short list is chosen from; a long one is typed into, with the names
that fit offered by the browser itself (a datalist), so nothing has to be loaded on a slow phone.
"""

import re
from collections.abc import Mapping

from sqlalchemy.orm import Session

from cases.places import care_places
from stations import queries as stations

CARE_PLACE = "rloc_admdvs"
PROVINCE = "370000"


def choices(session: Session, name: str, city_code: str | None) -> tuple[tuple[str, str], ...]:
    """Code and name of what may be chosen for a field, in the order of codes. `city_code`: of the station; then where a
    person is insured is one of its counties."""
    if name == CARE_PLACE:
        return tuple(_care_names().items())
    known = stations.divisions(session)
    counties = [view for view in known.values() if view.level == 3 and not view.became]
    if name == "insu_admdvs" and city_code:
        return tuple((view.code, view.name) for view in counties if view.parent_code == city_code)
    named = {view.code: _named(known, view) for view in counties}
    if name == "resd_loc_admdvs":  # elsewhere a city is enough
        named |= {code: words for code, words in _care_names().items() if not code.startswith("37")}
    if name == "live_division":
        named |= {view.code: _named(known, view) for view in known.values() if view.level == 4 and not view.became}
    return tuple(named.items())


def _named(known: Mapping[str, stations.DivisionView], view: stations.DivisionView) -> str:
    line = [view.name]
    above = known.get(view.parent_code or "")
    while above is not None and above.level > 1:
        line.append(above.name)
        above = known.get(above.parent_code or "")
    return " ".join(line[::-1])


def _care_names() -> dict[str, str]:
    """江苏省 南京市; 北京市."""
    places = care_places()
    return {
        code: f"{places[code[:2] + '0000'].name} {place.name}"
        if not code.endswith("0000") and code[:2] + "0000" in places
        else place.name
        for code, place in places.items()
    }


def code_of(typed: str, among: Mapping[str, str]) -> str:
    """The code of what was typed as a name, whole or its last part; what was typed when it is none, or several."""
    words = re.sub(r"\s+", "", typed)
    if not words or words in among:
        return words
    fitting = fits(words, among)
    exact = [code for code, name in fitting.items() if re.sub(r"\s+", "", name) == words]
    found = exact or list(fitting)
    return found[0] if len(found) == 1 else typed.strip()


def fits(typed: str, among: Mapping[str, str]) -> dict[str, str]:
    """What a typed name may mean."""
    words = re.sub(r"\s+", "", typed)
    return {code: name for code, name in among.items() if _fits(words, name)}


def _fits(words: str, name: str) -> bool:
    """南京, 南京市, 江苏南京 and 江苏省南京市 all mean 江苏省 南京市; 省 alone is not the city."""
    parts = name.split(" ")
    short = [re.sub(r"(省|市|自治区|特别行政区|区|县|镇|乡|街道)$", "", part) or part for part in parts]
    return words in {"".join(parts), "".join(short), "".join(short[:-1]) + parts[-1], parts[-1], short[-1]}
