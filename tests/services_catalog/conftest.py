"""The rows of the catalogue we ship, to be changed by a test; writing and reading as a request does."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask

from common.clock import Clock
from services_catalog import schema, shipped


@pytest.fixture
def write(app: Flask) -> Callable:
    """write(operation, …) runs it in a writing session of its own and commits: write(operations.withdraw, 2, NOW)."""

    def run(operation, *args, **kwargs):
        with app.app_context(), app.extensions["db"].writing() as session:
            result = operation(session, *args, **kwargs)
            session.commit()
            return result

    return run


@pytest.fixture
def read(app: Flask) -> Callable:
    """read(query, …) asks in a reading session of its own, as one request would."""

    def run(query, *args, **kwargs):
        with app.app_context(), app.extensions["db"].read_session() as session:
            return query(session, *args, **kwargs)

    return run


@pytest.fixture
def rows() -> tuple[schema.CatalogueRow, ...]:
    """The checked rows of the list we ship."""
    return schema.read_catalogue(shipped.file("catalogue.csv"))


@pytest.fixture
def set_clock(app: Flask) -> Callable[[datetime], None]:
    """The application's clock shows another time from here on."""

    def change(moment: datetime) -> None:
        app.extensions["clock"] = Clock(moment)

    return change
