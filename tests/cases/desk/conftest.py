"""A village station, its helper, the clerk of its town, the officer of its county; and clients of theirs."""

import pytest
from sqlalchemy.orm import Session

from accounts.policy import Role


@pytest.fixture
def session(app):
    """To arrange with and look through. Without the app's context: requests would share it, and who asked first."""
    with Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def station(make):
    return make.station()


@pytest.fixture
def helper(make, station):
    return make.actor(Role.HELPER, station_code=station)


@pytest.fixture
def clerk(make, station):
    return make.actor(Role.CLERK, station_code=station, name="孙丽")


@pytest.fixture
def officer(make):
    return make.actor(Role.COUNTY_OFFICER, name="周海")


@pytest.fixture
def as_(app, make):
    """as_(actor): a client of theirs."""
    return lambda actor: make.signed_in(app.test_client(), actor)
