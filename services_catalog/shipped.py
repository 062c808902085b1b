"""The files we ship: a reconstruction of the list, policy answers, and our own plain words for them.

Room: the catalogue, floor 2. Comes in: services_catalog/data/*.csv, which tests keep correct; no database.
Plain words were written for a name, not for a number: they join only where the name is the very same.
"""

import csv
import functools
from pathlib import Path

from services_catalog.schema import CatalogueRow

DATA = Path(__file__).parent / "data"
SOURCE = "随软件附带：按公开资料整理，未经省局确认"
TILE_ZH, TILE_EN = 12, 30  # characters, as the columns of Category
ANY_ICON = "list"
_NOT_WORDS = {"item_no", "item_name_zh", "provenance", "confidence"}


def file(name: str) -> bytes:
    """The bytes of one of our files."""
    return (DATA / name).read_bytes()


@functools.cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one of our files; blank cells are left out."""
    with (DATA / name).open(encoding="utf-8-sig", newline="") as lines:
        return tuple({key: cell for key, cell in row.items() if cell} for row in csv.DictReader(lines))


def plain_words(item_no: int, name_zh: str) -> dict[str, str]:
    """Our words for the item, {} unless they were written for this number and this name."""
    for row in rows("item_plain.csv"):
        if row["item_no"] == str(item_no) and row["item_name_zh"] == name_zh:
            return {key: words for key, words in row.items() if key not in _NOT_WORDS}
    return {}


def everyday_words(item_no: int, name_zh: str) -> tuple[str, ...]:
    """What people type when they mean the item; () where the name is not the one we know."""
    if not plain_words(item_no, name_zh):
        return ()
    return tuple(sorted({row["word"] for row in rows("everyday_words.csv") if row["item_no"] == str(item_no)}))


def tile(row: CatalogueRow) -> tuple[str, str, str]:
    """Short name in Chinese and English, and drawing, of the row's category; the official name where we have none."""
    for known in rows("category_plain.csv"):
        if known["category_no"] == str(row.category_no) and known["category_name_zh"] == row.category_name_zh:
            return known["tile_zh"], known["tile_en"], known["icon"]
    return _cut(row.category_name_zh, TILE_ZH), _cut(row.category_name_en, TILE_EN), ANY_ICON


def materials(row: CatalogueRow) -> list[dict[str, str]]:
    """What the item asks for, each with the title and substitute people understand, where we have them."""
    known = {paper["material_zh"]: paper for paper in rows("material_plain.csv")}
    return [_material(zh, en, known.get(zh, {})) for zh, en in zip(row.materials, row.materials_en, strict=True)]


def topic(name: str) -> tuple[str, int] | None:
    """English name and place in the order of a topic of policy answers; None for one we do not know."""
    return next(((row["topic_en"], int(row["order"])) for row in rows("topics.csv") if row["topic"] == name), None)


def _material(zh: str, en: str, plain: dict[str, str]) -> dict[str, str]:
    known = {"name_zh": zh, "name_en": en, "title_zh": zh, "title_en": en, "kind": "proof"}
    return known | {key: words for key, words in plain.items() if key != "material_zh"}


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
