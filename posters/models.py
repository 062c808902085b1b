"""Tables of the posters room: old posters that still hang somewhere, known because somebody scanned one."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Model
from posters.version import MAX_TEXT


class PosterScan(Model):
    """How often one old poster was scanned on one day. Nothing about who scanned it."""

    __tablename__ = "poster_scan"
    __table_args__ = (sa.Index(None, "county_code", "scanned_on"),)

    station_id: Mapped[str] = mapped_column(sa.ForeignKey("station.id"), primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(MAX_TEXT), primary_key=True)  # posters/version.py reads it
    scanned_on: Mapped[date] = mapped_column(sa.Date, primary_key=True)  # in Shandong
    county_code: Mapped[str] = mapped_column(sa.String(6))
    count: Mapped[int]
