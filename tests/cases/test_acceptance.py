"""Every line of the acceptance table (forms.md) is tried here, or said to be tried elsewhere."""

import csv
import re
from pathlib import Path

import pytest

from cases.families import check
from cases.filing import Level
from tests.cases import common_lines, enrol_lines, remote_care_lines

TABLES = (common_lines, enrol_lines, remote_care_lines)
LINES = [line for table in TABLES for line in table.LINES]
ELSEWHERE = {case: why for table in TABLES for case, why in table.ELSEWHERE.items()}
NOT_YET = {"claim"}  # families whose forms come later


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.fixture(autouse=True)
def _words(app):
    with app.app_context():
        yield


def rows():
    with Path(__file__).with_name("acceptance.csv").open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["family"] not in NOT_YET]


def test_every_line_of_the_table_is_tried():
    wanted = [row["case_id"] for row in rows()]
    assert len(wanted) == len(set(wanted)) == 156
    tried = {line.case for line in LINES} | set(ELSEWHERE)
    assert tried - set(wanted) == set()
    assert [case for case in wanted if case not in tried] == []


def test_every_sentence_of_the_table_is_expected_somewhere():
    """A line may not be tried for something else than what it says."""
    lost = []
    for row in rows():
        if row["case_id"] in ELSEWHERE:
            continue
        expected = {
            words
            for line in LINES
            if line.case == row["case_id"]
            for words in [*line.errors.values(), *(words for _level, words in line.says), *line.silent]
        }
        lost += [(row["case_id"], words) for words in re.findall("「(.*?)」", row["expected"]) if words not in expected]
    assert lost == []


@pytest.mark.parametrize("line", LINES, ids=[f"{line.case}-{number}" for number, line in enumerate(LINES)])
def test_the_line_holds(line):
    judge = check if line.item else common_lines.check_payment
    got = judge(line.item, line.typed, line.at)
    remarks = {(remark.level.value, remark.words) for remark in got.remarks}
    assert got.errors == line.errors
    assert set(line.says) <= remarks
    assert not {words for _level, words in remarks} & set(line.silent)
    assert {name: got.answers.get(name) for name in line.answers} == line.answers
    assert not set(line.absent) & set(got.answers)
    assert not re.search(r"\d+(\.\d+)?\s*[%％]", " ".join(words for _level, words in remarks))
    if line.papers is not None:
        assert tuple(need.kind for need in got.papers) == line.papers
    assert tuple(need.kind for need in got.missing) == line.missing
    if line.ends != "any":
        assert got.ends_on == line.ends
    exits = any(level == Level.EXIT for level, _words in line.says)
    assert got.ok is (not line.errors and not exits)
