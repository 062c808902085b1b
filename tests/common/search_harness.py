"""The real catalogue, policy questions and divisions as search entries, and the tables of queries."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from common.wordsearch import Entry, Index

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "services_catalog/data"
DIVISIONS = ROOT / "stations/data/divisions.csv"
TABLES = ROOT / "tests/services_catalog"
IN_MEMORY = ("item", "answer", "division")  # villages and stations are looked up in the database

SUFFIXES = ("街道", "省", "市", "区", "县", "镇", "乡")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def short_name(name: str) -> str:
    """The name as people say it, when at least two characters stay: 兰山区 → 兰山."""
    return next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s) and len(name) - len(s) > 1), name)


def entries() -> Iterator[Entry]:
    words = defaultdict(list)
    for row in rows(CATALOGUE / "everyday_words.csv"):
        words[row["item_no"]].append((row["word"], 0.9))
    for row in rows(CATALOGUE / "catalogue.csv"):
        official = ((row["item_name_zh"], 1.0), (row["item_name_en"], 1.0))
        category = ((row["category_name_zh"], 0.7), (row["category_name_en"], 0.7))
        yield Entry("item", row["item_no"], (*official, *category, *words[row["item_no"]]))
    for row in rows(CATALOGUE / "policy_facts.csv"):
        if not row["superseded_by"]:
            questions = ((row["question_zh"], 0.85), (row["question_en"], 0.85), (row["topic"], 0.5))
            yield Entry("answer", row["id"], questions)
    names = {row["code"]: row["name"] for row in rows(DIVISIONS)}
    for row in rows(DIVISIONS):
        name, above = row["name"], names.get(row["parent"], "") if row["level"] != "2" else ""
        said = {name: 1.0, short_name(name): 0.98, above + name: 0.6}
        yield Entry("division", row["code"], tuple(sorted(said.items(), key=lambda item: -item[1])))


@cache
def index() -> Index:
    return Index(entries())


class Case(NamedTuple):
    query: str
    expected: tuple[str, ...]  # "item:18", any of them; empty: nothing is to be found

    def found(self, among: int = 3) -> bool:
        top = [f"{hit.kind}:{hit.ref}" for hit in index().find(self.query, among)]
        return any(name in self.expected for name in top) if self.expected else not top


def cases(table: str) -> list[Case]:
    everything = (Case(row["query"], tuple(filter(None, row["expected"].split("|")))) for row in rows(TABLES / table))
    return [case for case in everything if all(name.startswith(IN_MEMORY) for name in case.expected)]


def misses(some: Iterable[Case]) -> list[str]:
    """The cases not found, with what was found instead: to be read by a person."""
    return [
        f"{case.query}: {'|'.join(case.expected)}, not {[(*hit,) for hit in index().find(case.query, 3)]}"
        for case in some
        if not case.found()
    ]
