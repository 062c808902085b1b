"""The province's list of items against ours: codes and what is in force follow it, our words and papers stay, the rest is shown."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from services_catalog import operations, province_catalogue, queries
from services_catalog.models import Category, EverydayWord, Item
from services_catalog.schema import read_catalogue
from services_catalog.shapes import category_facts, item_facts
from services_catalog.shipped import file
from tests.conftest import NOW

OFFICIAL = "370100123456"


@pytest.fixture
def session(app, loaded):
    with app.app_context(), Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        yield session


def theirs(session, **changes):
    """The province's list as it would say what we have; changes by our number: _07={"name": …}, None leaves the row out."""
    items = session.execute(sa.select(Item.no, Item.name_zh).where(Item.version_number == 1).order_by(Item.no))
    rows = {no: {"code": f"{no:02}", "name": name, "vali_flag": "1"} for no, name in items}
    for name, change in changes.items():
        no = int(name[1:])
        rows[no] = None if change is None else rows[no] | change
    return [row for row in rows.values() if row]


def plan(session, rows, full=True):
    return province_catalogue.plan(session, rows, full=full, now=NOW)


def do(session, rows, full=True):
    planned = plan(session, rows, full)
    if planned.facts:
        province_catalogue.apply(session, planned, NOW)
        session.commit()
    return planned


def said(session, version):
    """Everything a version says, our own words too."""
    words = {}
    for word in session.scalars(sa.select(EverydayWord).where(EverydayWord.version_number == version)):
        words.setdefault(word.item_no, []).append(word.word)
    items = session.scalars(sa.select(Item).where(Item.version_number == version))
    groups = session.scalars(sa.select(Category).where(Category.version_number == version))
    facts = {item.no: item_facts(item, words.get(item.no, [])) for item in items}
    return facts, {group.no: category_facts(group) for group in groups}


def in_force(session):
    return queries.in_force(queries.load_versions(session), date(2026, 11, 23))


def test_our_own_list_said_back_changes_nothing(session):
    planned = do(session, theirs(session))
    assert (planned.facts, len(planned.ending), planned.open_now, planned.wrong, planned.differs) == ((), 0, 33, {}, {})


def test_an_official_code_comes_in_and_not_a_word_of_ours_is_lost(session):
    before, groups = said(session, 1)
    rows = theirs(session, _7={"code": OFFICIAL})  # known by its name
    assert do(session, rows).differs == {}
    now, groups_now = said(session, 2)
    assert now == before | {7: before[7] | {"item_code": OFFICIAL}}
    assert groups_now == groups
    assert in_force(session).items[7].code == OFFICIAL
    rows = theirs(session, _7={"code": OFFICIAL, "name": "换个说法"})  # known by its code
    assert [*do(session, rows).differs] == [OFFICIAL]
    assert in_force(session).number == 2


def test_an_item_that_is_over_leaves_the_list_and_comes_back_whole(session):
    before, _groups = said(session, 1)
    planned = do(session, theirs(session, _7={"vali_flag": "0"}))
    assert (len(planned.ending), planned.differs) == (1, {})
    assert in_force(session).items.keys() == before.keys() - {7}
    assert do(session, theirs(session, _7={"vali_flag": "0"})).facts == ()
    do(session, theirs(session))
    assert said(session, 3)[0] == before


def test_what_a_whole_list_leaves_out_is_over_what_a_part_leaves_out_is_not(session):
    do(session, theirs(session, _7={"code": OFFICIAL}))
    planned = plan(session, theirs(session, _7=None, _8=None))
    assert len(planned.ending) == 1  # of the other we do not know the code: it may have another name there
    assert [*planned.differs] == ["08"]
    assert plan(session, theirs(session, _7=None), full=False).facts == ()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("row", "kept", "words"),
    [
        ({"code": "07", "name": "医保码申领", "vali_flag": "1"}, "differs", "省里叫“医保码申领”"),
        ({"code": "07", "name": "医保码申领", "vali_flag": "0"}, "differs", "省里叫“医保码申领”"),
        ({"code": OFFICIAL, "name": "长护险申请", "vali_flag": "1"}, "differs", "请用清单文件导入"),
        ({"code": OFFICIAL, "name": "长护险申请", "vali_flag": "0"}, None, ""),
        ({"code": "99", "name": "长护险申请"}, "differs", "请用清单文件导入"),
        ({"code": "", "name": "长护险申请"}, "wrong", "没有编码或名称"),
        ({"code": "07", "name": None}, "wrong", "没有编码或名称"),
        ({"name": "长护险申请"}, "wrong", "没有编码或名称"),
    ],
)
def test_what_may_mean_another_thing_is_shown_and_changes_nothing(session, row, kept, words):
    planned = plan(session, [*theirs(session), row], full=False)
    assert planned.facts == ()
    told = {"differs": planned.differs, "wrong": planned.wrong}
    code = row.get("code") or ""
    assert {name for name, rows in told.items() if code in rows} == ({kept} if kept else set())
    assert not kept or words in told[kept][code]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_rows_that_are_none_and_codes_of_no_form_are_left_alone(session):
    rows = [*theirs(session, _7={"code": "X7"}), None, "07", 7, []]
    planned = plan(session, rows)
    assert (planned.facts, planned.wrong, planned.differs) == ((), {}, {})  # found by its name; X7 is no official code


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_list_that_leaves_nothing_takes_nothing_away(session):
    planned = plan(session, [row | {"vali_flag": "0"} for row in theirs(session)])
    assert (planned.facts, len(planned.ending), len(planned.differs)) == ((), 0, 33)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_version_that_a_person_planned_is_not_covered(session):
    rows = read_catalogue(file("catalogue.csv"))[:30]
    begins = (NOW + timedelta(days=30)).date()
    operations.import_catalogue(session, rows, source="省局 2027", effective_on=begins, now=NOW)
    session.commit()
    planned = plan(session, theirs(session, _7={"vali_flag": "0"}))
    assert (planned.facts, len(planned.ending), [*planned.differs]) == ((), 0, ["07"])
    assert "等着起用" in planned.differs["07"]
