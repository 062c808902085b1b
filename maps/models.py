"""Tables of the maps room: how far people get in a given time. A policy of the operator, not a measurement."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Model


class ReachRule(Model):
    """Speed and detour of one way of going, from a date on; the latest that has begun holds."""

    __tablename__ = "reach_rule"

    mode: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    effective_on: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    km_per_hour: Mapped[float]
    detour: Mapped[float]
    source: Mapped[str] = mapped_column(sa.String(300))
