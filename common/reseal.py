"""After a rotation: everything sealed with an older key is sealed anew with the newest. Floor 0.

Which columns are sealed is asked of the models, so none is forgotten; what is left to do is asked of the database, so
an interrupted run goes on where it stopped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.db import Model
from common.sealing import VERSION, CannotUnseal, KeyRing, is_sealed, keys_of, raw


@dataclass(frozen=True)
class Sealed:
    """One column of sealed values. `place` is what binds them to it."""

    table: sa.Table  # with raw columns
    column: sa.Column[Any]
    place: str

    def old(self, newest: int) -> sa.ColumnElement[bool]:
        """Which rows hold what another key than the newest sealed."""
        head = bytes([VERSION]) + newest.to_bytes(2, "big")
        begins = sa.func.substr(self.column, 1, 3, type_=sa.LargeBinary)
        return self.column.is_not(None) & (begins != sa.literal(head, sa.LargeBinary))


@dataclass(frozen=True)
class Batch:
    """What one batch did. `after` is the key of its last row, None when there is no more."""

    done: int
    unopened: int  # values that did not open, left as they are
    after: tuple[Any, ...] | None


def sealed_columns() -> Iterator[Sealed]:
    """Every sealed column of every table."""
    for table in Model.metadata.sorted_tables:
        for column in table.columns:
            if is_sealed(column):
                raw_table = raw(table)
                yield Sealed(raw_table, raw_table.columns[column.name], column.type.place)  # type: ignore[attr-defined]


def count_by_key(session: Session, sealed: Sealed) -> dict[int, int]:
    """Key number → values of this column that it sealed. One statement that reads the whole column's heads."""
    number = sa.func.substr(sealed.column, 2, 2, type_=sa.LargeBinary)
    counted = sa.select(number, sa.func.count()).where(sealed.column.is_not(None)).group_by(number)
    return {int.from_bytes(bytes(key), "big"): count for key, count in session.execute(counted)}


def reseal_some(session: Session, sealed: Sealed, after: tuple[Any, ...] | None, limit: int) -> Batch:
    """Seal up to `limit` values anew, those after the primary key `after`. Commit between batches."""
    keys = keys_of(session)
    primary = list(sealed.table.primary_key.columns)
    wanted = sa.select(*primary, sealed.column).where(sealed.old(keys.newest)).order_by(*primary).limit(limit)
    if after is not None:
        wanted = wanted.where(sa.tuple_(*primary) > sa.tuple_(*map(sa.literal, after)))
    rows = session.execute(wanted).all()
    changes = [_anew(keys, sealed, tuple(row)) for row in rows]
    fit = [change for change in changes if change is not None]
    if fit:
        # Only where it still is what we read: the application may have written meanwhile.
        same = [column == sa.bindparam(f"key_{column.name}") for column in primary]
        same.append(sealed.column == sa.bindparam("was", type_=sa.LargeBinary))
        session.connection().execute(
            sa.update(sealed.table).where(*same).values({sealed.column.name: sa.bindparam("anew")}), fit
        )
    last = tuple(rows[-1])[:-1] if len(rows) == limit else None
    return Batch(len(fit), len(changes) - len(fit), last)


def _anew(keys: KeyRing, sealed: Sealed, row: tuple[Any, ...]) -> dict[str, Any] | None:
    *primary, was = row
    try:
        plain = keys.unseal(bytes(was), sealed.place)
    except CannotUnseal:
        return None
    known = {
        f"key_{column.name}": value for column, value in zip(sealed.table.primary_key.columns, primary, strict=True)
    }
    return known | {"was": bytes(was), "anew": keys.seal(plain, sealed.place)}
