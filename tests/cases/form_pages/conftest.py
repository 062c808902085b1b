"""A town station with the catalogue, its clerk at a form, another clerk, a resident at home."""

import pytest
from sqlalchemy.orm import Session

from accounts.policy import Role
from tests.cases.forms_typed import Filler


@pytest.fixture
def session(app):
    """To look with. Not within an application context: requests would share it, and with it who is signed in."""
    with Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def station(loaded, make):
    """A town station of 历下区 that does the items with a form, but not item 17."""
    make.division("370103", "市中区")
    return make.station("解放路街道医保工作站", items=(1, 2, 14, 15, 16, 18, 22), level="town")


@pytest.fixture
def clerk(app, make, station):
    actor = make.actor(Role.CLERK, station_code=station, name="孙丽")
    return Filler(make.signed_in(app.test_client(), actor))


@pytest.fixture
def other(app, make):
    """A helper of another station."""
    actor = make.actor(Role.HELPER, station_code=make.station("远站", items=(15,)), name="李远")
    return make.signed_in(app.test_client(), actor)


@pytest.fixture
def resident(app, station):
    """At home, without an account."""
    return Filler(app.test_client(), "/file/draft")
