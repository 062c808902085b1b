"""What our forms freeze is what the platform's tables take: every good line of the acceptance table, and a work order."""

import pytest

from cases import news
from cases.families import FAMILIES, check
from cases.models import Case
from platform_sim import shapes
from platform_sim.transactions import _certificate, _filing
from tests.cases.test_acceptance import LINES
from tests.platform_sim.caller import rid


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


def test_every_filing_of_the_table_is_taken(session):
    taken = 0
    for line in LINES:
        family = FAMILIES.get(line.item)
        got = check(line.item, line.typed, line.at) if family else None
        if not (family and got and got.ok):
            continue
        case = Case(
            id=rid(1),
            ref="K7M2-4Q9P",
            version=3,
            family=family.name,
            answers=got.answers,
            station_code="LS0001",
            county_code="371302",
        )
        appy = news.filing(session, case) | {"filing_act": got.answers.get("filing_act")}
        problem = shapes.wrong(appy, shapes.APPY, "appy", open_names=True) or _certificate(appy) or _filing(appy)
        assert problem is None, (line.case, problem)
        taken += 1
    assert taken > 20


def test_every_state_and_way_of_ours_has_a_code_there():
    fields = {field.name: field for field in shapes.MATT}
    assert all(fields["matt_stas"].fits(code) for code in news.STATE_CODES.values())
    assert all(fields["prcs_fom"].fits(words) for words in news.FORMS.values())
