"""The catalogue as JSON, under /api/v1: both languages, working days as numbers. Nothing here writes.

Room: the catalogue, floor 2. Comes in: an item's number and ?at= a division code. Shapes only grow.
"""

from typing import Any

from flask import Blueprint, abort, request

from common import clock
from common.db import reading
from common.doors import EVERYONE, open_to
from services_catalog import queries, schema
from services_catalog.views import Difference, ItemView, Material

bp = Blueprint("services_catalog_api", __name__, url_prefix="/api/v1")


@bp.get("/items")
@open_to(EVERYONE)
def items() -> dict[str, Any]:
    """The list in force: categories with the names of their items. One statement."""
    current = queries.catalogue(reading())
    return {
        "version": current.number,
        "effective_on": _day(current.effective_on),
        "source": current.source,
        "categories": [
            {
                "no": category.no,
                "name": _both(category.name_zh, category.name_en),
                "items": [_brief(item) for item in category.items],
            }
            for category in current.categories
        ],
    }


@bp.get("/items/<int:no>")
@open_to(EVERYONE)
def item(no: int) -> dict[str, Any]:
    """Everything about one item, as it holds at ?at=. One statement."""
    at, today = schema.division_code(request.args.get("at", "")), clock.local_date(clock.now())
    found = queries.item_for(reading(), no, at, today) or abort(404)
    return {
        **_brief(found),
        "category_no": found.category_no,
        "code": found.code,
        "purpose": _both(found.plain.get("purpose_zh"), found.plain.get("purpose_en")),
        "audience": _both(found.audience_zh, found.audience_en),
        "materials": [_material(material) for material in found.materials],
        "statutory_limit_working_days": found.statutory,
        "promised_limit_working_days": found.promised,
        "village_mode": found.village_mode,
        "town_mode": found.town_mode,
        "channels": found.channels,
        "result": _both(found.result_zh, found.result_en),
        "legal_basis": found.legal_basis,
        "confidence": found.confidence,
        "verified": found.verified,
        "provenance": found.provenance,
        "reviewed_on": _day(found.reviewed_on),
        "differences": [_difference(difference) for difference in found.differences],
    }


def _brief(item: ItemView) -> dict[str, Any]:
    return {
        "no": item.no,
        "name": _both(item.name_zh, item.name_en),
        "short": _both(item.plain.get("short_zh"), item.plain.get("short_en")),
    }


def _material(material: Material) -> dict[str, Any]:
    return {
        "name": _both(material.name_zh, material.name_en),
        "title": _both(material.title_zh, material.title_en),
        "instead": _both(material.instead_zh, material.instead_en),
        "kind": material.kind,
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "division_code": difference.division_code,
        "field": difference.field,
        "value": _both(difference.value_zh, difference.value_en),
        "source": difference.source,
        "effective_on": _day(difference.effective_on),
    }


def _both(zh: str | None, en: str | None) -> dict[str, str | None] | None:
    return {"zh": zh, "en": en} if zh or en else None


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None
