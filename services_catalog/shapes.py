"""An item and a category in their three shapes: a row of the file, a row of the table, what pages get.

Room: the catalogue, floor 2. The only place that knows which column is which; no database. Comes in: a row of one shape.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services_catalog import shipped
from services_catalog.models import Category, Item
from services_catalog.schema import CatalogueRow
from services_catalog.views import CategoryView, ItemView, Material

# What is copied as it is: name in the table, in the file (schema.CatalogueRow), on pages (views.ItemView).
COPIED = (
    ("no", "item_no", "no"),
    ("category_no", "category_no", "category_no"),
    ("code", "item_code", "code"),
    ("name_zh", "item_name_zh", "name_zh"),
    ("name_en", "item_name_en", "name_en"),
    ("audience_zh", "audience", "audience_zh"),
    ("audience_en", "audience_en", "audience_en"),
    ("statutory_limit_wd", "statutory_limit_wd", "statutory"),
    ("promised_limit_wd", "promised_limit_wd", "promised"),
    ("village_mode", "village_mode", "village_mode"),
    ("town_mode", "town_mode", "town_mode"),
    ("result_zh", "result", "result_zh"),
    ("result_en", "result_en", "result_en"),
    ("legal_basis", "legal_basis", "legal_basis"),
    ("name_source", "name_source", "name_source"),
    ("confidence", "confidence", "confidence"),
    ("provenance_note", "provenance_note", "provenance"),
    ("reviewed_on", "reviewed_on", "reviewed_on"),
)


def item_of(row: CatalogueRow) -> Item:
    """The row of the table for a row of the file, still without version; joined with our own plain words."""
    return Item(
        **{column: getattr(row, named) for column, named, _shown in COPIED},
        materials=shipped.materials(row),
        channels=[str(channel) for channel in row.channels],
        plain=shipped.plain_words(row.item_no, row.item_name_zh),
    )


def row_of(item: Item, category: Category) -> CatalogueRow:
    """The row of the file that says what the item says; our own plain words are not in it, they join by number and name."""
    said = {named: getattr(item, column) for column, named, _shown in COPIED} | {
        "category_name_zh": category.name_zh,
        "category_name_en": category.name_en,
        "materials": tuple(material["name_zh"] for material in item.materials),
        "materials_en": tuple(material["name_en"] for material in item.materials),
        "channels": tuple(item.channels),
    }
    return CatalogueRow.model_validate(said)


def item_facts(item: Item, everyday: Sequence[str]) -> dict[str, Any]:
    """What the item says, under the names of the file: what two versions are compared by."""
    return {
        **{named: getattr(item, column) for column, named, _shown in COPIED if column != "no"},
        "materials": [material["name_zh"] for material in item.materials],
        "materials_en": [material["name_en"] for material in item.materials],
        "channels": item.channels,
        "plain_words": [f"{name} {words}" for name, words in sorted(item.plain.items())],
        "plain_materials": [f"{m['title_zh']} {m.get('instead_zh', '')}".strip() for m in item.materials],
        "everyday_words": sorted(everyday),
    }


def item_view(item: Item, everyday: Sequence[str]) -> ItemView:
    """The item as pages get it."""
    return ItemView(
        **{shown: getattr(item, column) for column, _named, shown in COPIED},
        materials=tuple(_material(given) for given in item.materials),
        channels=tuple(item.channels),
        plain=dict(item.plain),
        everyday=tuple(everyday),
    )


def _material(given: Mapping[str, Any]) -> Material:
    """The stored JSON object as a Material; only a substitute may be missing."""
    return Material(**{"instead_zh": None, "instead_en": None} | dict(given))


def category_of(row: CatalogueRow) -> Category:
    """The category that a row of the file names, still without version."""
    tile_zh, tile_en, icon = shipped.tile(row)
    return Category(
        no=row.category_no,
        name_zh=row.category_name_zh,
        name_en=row.category_name_en,
        tile_zh=tile_zh,
        tile_en=tile_en,
        icon=icon,
    )


def category_facts(category: Category) -> dict[str, Any]:
    """What the category says, under the names of the file."""
    return {
        "category_name_zh": category.name_zh,
        "category_name_en": category.name_en,
        "tile_zh": category.tile_zh,
        "tile_en": category.tile_en,
        "icon": category.icon,
    }


def category_view(category: Category, items: tuple[ItemView, ...]) -> CategoryView:
    """The category as pages get it, with its items."""
    return CategoryView(
        category.no, category.name_zh, category.name_en, category.tile_zh, category.tile_en, category.icon, items
    )
