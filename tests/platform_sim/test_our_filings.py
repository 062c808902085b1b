"""What our forms freeze is what the platform's tables take: every good line of the acceptance table, and a work order."""

from datetime import date

import pytest

from cases import news
from cases.families import FAMILIES, check
from cases.masks import sealed_subject
from cases.models import Case, State
from platform_sim import shapes
from platform_sim.transactions import _certificate, _filing
from tests.cases.lines import at, insured
from tests.cases.test_acceptance import LINES
from tests.cases.test_stop_enrol import DIED, RELATIVE, STOP
from tests.conftest import NOW
from tests.platform_sim.caller import rid


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


def good_lines():
    """Name and case of each line that may be filed, and two of the form that stands in no table."""
    stops = {"stopping": STOP, "after a death": DIED | RELATIVE}
    given = at(known=insured(died=True), confirmed=frozenset({"stop_reason"}))
    lines = [(line.case, line.item, line.typed, line.at) for line in LINES]
    for name, item, typed, here in [*lines, *((name, 4, typed, given) for name, typed in stops.items())]:
        family = FAMILIES.get(item)
        got = check(item, typed, here) if family else None
        if family and got and got.ok and got.subject:
            yield (
                name,
                Case(
                    id=rid(1),
                    ref="K7M2-4Q9P",
                    version=3,
                    item_no=item,
                    family=family.name,
                    answers=got.answers,
                    subject=sealed_subject(got.subject),
                    station_code="LS0001",
                    county_code="371302",
                    state=State.DONE,
                    channel="window",
                    filed_at=NOW,
                    state_at=NOW,
                    due_on=date(2026, 12, 1),
                ),
            )


def test_every_filing_of_the_table_is_taken(session):
    taken = 0
    for line, case in good_lines():
        appy = news.filing(session, case) | {"filing_act": case.answers.get("filing_act")}
        problem = shapes.wrong(appy, shapes.APPY, "appy", open_names=True) or _certificate(appy) or _filing(appy)
        assert problem is None, (line, problem)
        taken += 1
    assert taken > 20


def test_every_work_order_of_the_table_is_taken(session):
    families = set()
    for line, case in good_lines():
        row = news.work_order(session, case, NOW)
        problem = shapes.wrong(row, shapes.MATT, "matt") or _certificate(row)
        assert problem is None, (line, problem)
        families.add(case.family)
    assert families == {family.name for family in FAMILIES.values()}


def test_a_newborns_work_order_has_its_own_number_once_there_is_one_and_never_the_birth_certificates(session):
    children = [case for _line, case in good_lines() if case.family == "newborn_enrol"]
    for case in children:
        row = news.work_order(session, case, NOW)
        assert row.get("certno") == case.answers.get("certno")
        assert case.answers["birth_cert_no"] not in row.values()
    case = children[0]
    case.answers = case.answers | {"psn_cert_type": "01", "certno": "379803202610010019"}
    row = news.work_order(session, case, NOW)
    assert (row["psn_cert_type"], row["certno"]) == ("01", "379803202610010019")


def test_every_state_and_way_of_ours_has_a_code_there():
    fields = {field.name: field for field in shapes.MATT}
    assert all(fields["matt_stas"].fits(code) for code in news.STATE_CODES.values())
    assert all(fields["prcs_fom"].fits(words) for words in news.FORMS.values())
