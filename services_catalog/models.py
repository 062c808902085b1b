"""Tables of the catalogue: versions, categories, items, everyday words, regional differences, policy answers.

A version is never edited: the province's next list is another version, with a date from which it holds, and the one
before stays to go back to. Rows carry where each fact comes from and how sure we are of it.
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Model, new_id

MAX_ITEM_NO = 62  # a station's choices are bits of a signed 64-bit number


class ModeOfItem(StrEnum):
    """How a station handles an item (DESIGN.md §4)."""

    DIRECT = "direct"  # 办理: done on the spot, the province confirms
    ASSIST = "assist"  # 帮办: the station collects, town or county decides
    CONSULT = "consult"  # 咨询: advice, no case


class Confidence(StrEnum):
    """How sure we are of a row."""

    VERIFIED = "verified"
    KNOWLEDGE = "knowledge"
    GUESS = "guess"


class CatalogueVersion(Model):
    """One published list. In force: the highest number that has begun and was not withdrawn."""

    __tablename__ = "catalogue_version"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    effective_on: Mapped[date] = mapped_column(sa.Date)
    source: Mapped[str] = mapped_column(sa.String(200))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    imported_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Category(Model):
    """One of the 12 大类."""

    __tablename__ = "category"

    version_number: Mapped[int] = mapped_column(sa.ForeignKey("catalogue_version.number"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name_zh: Mapped[str] = mapped_column(sa.String(60))
    name_en: Mapped[str] = mapped_column(sa.String(120))
    tile_zh: Mapped[str] = mapped_column(sa.String(12))
    tile_en: Mapped[str] = mapped_column(sa.String(30))
    icon: Mapped[str] = mapped_column(sa.String(20))


class Item(Model):
    """One of the 33 小项, as the list states it, plus our own plain words where they were written for this very name."""

    __tablename__ = "item"

    version_number: Mapped[int] = mapped_column(sa.ForeignKey("catalogue_version.number"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    category_no: Mapped[int]
    code: Mapped[str | None] = mapped_column(sa.String(20))
    name_zh: Mapped[str] = mapped_column(sa.String(80))
    name_en: Mapped[str] = mapped_column(sa.String(160))
    audience_zh: Mapped[str] = mapped_column(sa.String(200))
    audience_en: Mapped[str] = mapped_column(sa.String(300))
    materials: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON)  # name_zh, name_en, title_*, instead_*, kind
    statutory_limit_wd: Mapped[int | None]  # working days
    promised_limit_wd: Mapped[int | None]  # working days; 0 = done on the spot
    village_mode: Mapped[str | None] = mapped_column(sa.String(10))
    town_mode: Mapped[str | None] = mapped_column(sa.String(10))
    channels: Mapped[list[str]] = mapped_column(sa.JSON)
    result_zh: Mapped[str] = mapped_column(sa.String(200))
    result_en: Mapped[str] = mapped_column(sa.String(300))
    legal_basis: Mapped[str] = mapped_column(sa.String(300))
    name_source: Mapped[str] = mapped_column(sa.String(60))
    confidence: Mapped[str] = mapped_column(sa.String(12))
    provenance_note: Mapped[str] = mapped_column(sa.String(1000))
    reviewed_on: Mapped[date | None] = mapped_column(sa.Date)
    plain: Mapped[dict[str, str]] = mapped_column(sa.JSON)  # services_catalog/data/item_plain.csv; {} when none fits


class EverydayWord(Model):
    """What people type when they mean an item."""

    __tablename__ = "everyday_word"

    version_number: Mapped[int] = mapped_column(sa.ForeignKey("catalogue_version.number"), primary_key=True)
    item_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    word: Mapped[str] = mapped_column(sa.String(60), primary_key=True)


class ItemOverride(Model):
    """Something a division does differently, for one field of one item (济南 pays maternity allowance unasked)."""

    __tablename__ = "item_override"

    id: Mapped[str] = new_id()
    division_code: Mapped[str] = mapped_column(sa.String(12), index=True)
    item_no: Mapped[int]
    field: Mapped[str] = mapped_column(sa.String(40))
    value_zh: Mapped[str | None] = mapped_column(sa.String(500))  # NULL: from this date as everywhere else again
    value_en: Mapped[str | None] = mapped_column(sa.String(500))
    source: Mapped[str] = mapped_column(sa.String(200))
    effective_on: Mapped[date] = mapped_column(sa.Date)


class PolicyFact(Model):
    """A short dated answer to one question, with its source and where it holds."""

    __tablename__ = "policy_fact"

    id: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    topic: Mapped[str] = mapped_column(sa.String(20))
    topic_en: Mapped[str] = mapped_column(sa.String(60))
    topic_order: Mapped[int]
    audience: Mapped[str] = mapped_column(sa.String(60))
    region: Mapped[str] = mapped_column(sa.String(20))
    region_en: Mapped[str] = mapped_column(sa.String(40))
    question_zh: Mapped[str] = mapped_column(sa.String(200))
    question_en: Mapped[str] = mapped_column(sa.String(300))
    answer_zh: Mapped[str] = mapped_column(sa.String(500))
    answer_en: Mapped[str] = mapped_column(sa.String(800))
    figure: Mapped[str | None] = mapped_column(sa.String(60))
    valid_as_of: Mapped[str] = mapped_column(sa.String(10))  # 2025-11-19, or 2020 where only the year is known
    superseded_by: Mapped[str | None] = mapped_column(sa.String(12))
    source: Mapped[str] = mapped_column(sa.String(200))
    source_en: Mapped[str] = mapped_column(sa.String(300))
    caution: Mapped[str | None] = mapped_column(sa.String(300))
    caution_en: Mapped[str | None] = mapped_column(sa.String(300))
