"""The queue of helper, clerk and county: tabs, counts, deadlines, search, what it costs. On both databases."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from accounts.policy import Role
from cases import receipts
from cases.models import Desk, State
from common.models import AuditEntry
from tests.cases.desk.pressed import text
from tests.conftest import on_sqlite
from tests.statements import statements_of

COUNTY = "370102"


def test_a_queue_shows_what_lies_at_the_desk_with_masked_names(make, as_, helper, clerk, officer):
    at_town = make.case(by=helper)
    at_county = make.case(by=helper, state=State.IN_REVIEW, desk=Desk.COUNTY)
    over = make.case(by=helper, state=State.WITHDRAWN)
    for actor, seen in ((helper, {at_town, at_county}), (clerk, {at_town}), (officer, {at_county})):
        page = as_(actor).get("/cases").text
        assert {ref for ref in (at_town, at_county, over) if receipts.say_ref(ref) in page} == seen
        assert "王*兰" in page
        assert "王玉兰" not in page
        assert "379801195208170020" not in page


@pytest.mark.parametrize(
    ("facts", "tab", "words"),
    [
        ({"due_on": date(2026, 11, 24)}, "soon", "剩1天"),
        ({"due_on": date(2026, 11, 23)}, "soon", "今天到期"),
        ({"due_on": date(2026, 11, 20)}, "overdue", "超期1天"),
        ({"due_on": date(2026, 12, 4)}, "new", "剩9天"),
        ({"due_on": date(2026, 12, 4), "due_estimated": True}, "new", "剩9天（估算）"),
        ({"due_on": date(2026, 11, 20), "state": State.NEEDS_SUPPLEMENT}, "waiting", "暂停计时"),
        ({"due_on": None}, "new", "没有期限"),
    ],
)
@on_sqlite
def test_a_deadline_is_said_in_working_days(make, as_, helper, clerk, facts, tab, words):
    make.case(by=helper, **facts)
    page = as_(clerk).get(f"/cases?tab={tab}")
    assert words in text(page)
    assert "共1件" in text(page)


def test_tabs_count_and_paging_goes_on(make, as_, helper, clerk):
    refs = [make.case(by=helper, due_on=date(2026, 12, 1) + timedelta(days=n)) for n in range(23)]
    client = as_(clerk)
    first, second = client.get("/cases").text, client.get("/cases?page=2").text
    said = [receipts.say_ref(ref) for ref in refs]
    assert [ref for ref in said if ref in first] == said[:20]
    assert [ref for ref in said if ref in second] == said[20:]
    assert "第21–23件，共23件" in re.sub(r"\s", "", second)
    assert "page=3" not in second


def test_a_queue_can_be_cut_to_one_item(make, as_, helper, clerk):
    one, other = make.case(by=helper, item_no=15), make.case(by=helper, item_no=1, family="resident_enrol")
    page = as_(clerk).get("/cases?item=1").text
    assert receipts.say_ref(other) in page
    assert receipts.say_ref(one) not in page


@pytest.mark.parametrize(
    "query", ["tab=nonsense", "page=0", "page=99999", "page=-1", "page=x", "item=x", "item=999", "page=²"]
)
@on_sqlite
def test_an_odd_address_shows_a_queue(make, as_, helper, clerk, query):
    make.case(by=helper)
    assert as_(clerk).get(f"/cases?{query}").status_code == 200


def test_a_queue_costs_four_statements_and_a_case_six(app, make, as_, helper, clerk, officer):
    refs = [make.case(by=helper) for _ in range(3)] + [make.case(by=helper, state=State.IN_REVIEW, desk=Desk.COUNTY)]
    for actor, ref in ((helper, refs[0]), (clerk, refs[0]), (officer, refs[3])):
        client = as_(actor)
        for url, most in (("/cases", 4), ("/cases?tab=overdue&item=15", 4), (f"/cases/{ref}", 6)):
            client.get(url)  # reference data into memory
            with statements_of(app.extensions["db"].engine) as said:
                assert client.get(url).status_code == 200
            assert len(said) <= most, "\n".join(said)


# Search


@pytest.mark.parametrize(
    "typed",
    ["{ref}", "{said}", "379801195208170020", "３７９８０１１９５２０８１７００２０", "15400000001", "154 0000 0001"],
)
def test_a_case_is_found_by_its_receipt_or_a_whole_number(make, as_, session, helper, clerk, typed):
    ref = make.case(by=helper)
    answer = as_(clerk).post("/cases/search", data={"q": typed.format(ref=ref, said=receipts.say_ref(ref).lower())})
    if answer.status_code == 303:
        assert answer.headers["Location"] == f"/cases/{ref}"
    else:
        assert receipts.say_ref(ref) in answer.text
        assert session.scalars(sa.select(AuditEntry.action)).all() == ["case.search"]


@pytest.mark.parametrize("typed", ["37980119520817", "1540000", "王玉兰王玉兰", "222222", "x" * 41, ""])
@on_sqlite
def test_a_part_of_a_number_finds_nothing(make, as_, helper, clerk, typed):
    ref = make.case(by=helper)
    answer = as_(clerk).post("/cases/search", data={"q": typed})
    assert receipts.say_ref(ref) not in answer.text
    assert answer.status_code in {200, 422}


def test_search_reaches_no_further_than_the_queue(make, as_, helper):
    ref = make.case(by=helper)
    elsewhere = make.actor(Role.CLERK, area="370102002", station_code=None)
    for typed in (ref, "379801195208170020", "15400000001"):
        answer = as_(elsewhere).post("/cases/search", data={"q": typed})
        assert (answer.status_code, receipts.say_ref(ref) in answer.text) == (200, False)


@on_sqlite
def test_every_question_of_the_queue_is_a_range_of_an_index(app, make, as_, helper, clerk, officer):
    """What SQLite plans; PostgreSQL has the same indexes (`python -m benchmarks queue` measures both)."""
    engine = app.extensions["db"].engine
    make.case(by=helper)
    heard = []

    def hear(_connection, _cursor, statement, parameters, *_):
        if "case_file" in statement:
            heard.append((statement, parameters))

    for actor in (helper, clerk, officer):
        client = as_(actor)
        for tab in ("all", "new", "mine", "waiting", "soon", "overdue"):
            heard.clear()
            sa.event.listen(engine, "before_cursor_execute", hear)
            client.get(f"/cases?tab={tab}")
            sa.event.remove(engine, "before_cursor_execute", hear)
            assert len(heard) == 2
            for statement, parameters in heard:
                with engine.connect() as connection:
                    plan = [row[3] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)]
                assert not [line for line in plan if line.startswith("SCAN case_file")], plan
                if statement.count("count(") > 1:
                    counted = [line for line in plan if "case_file" in line]
                    assert all("COVERING INDEX ix_case_file_" in line for line in counted), counted
            if actor is not helper and tab in {"all", "new", "waiting", "mine"}:
                rows = [line for line in plan if "TEMP B-TREE" in line] if heard[-1][0].count("count(") <= 1 else []
                assert not rows, plan
