"""What cities decide comes in from a file, holds from its date, and a mistake in the file changes nothing."""

from datetime import date

import pytest

from cases.gathering import rules_for
from common.clock import local_date
from tests.conftest import NOW, on_sqlite

TODAY = local_date(NOW)
HEAD = "city_code,name,value,effective_on,source\n"


def bring(app, *arguments):
    return app.test_cli_runner().invoke(args=["cases", "rules", *map(str, arguments)])


def test_without_rules_the_defaults_hold(session):
    assert rules_for(session, "371300", TODAY).min_change_months == 6
    assert rules_for(session, "371300", TODAY).collection_periods == ()


def test_the_shipped_rules_come_in_and_a_second_time_change_nothing(app, session):
    first, again = bring(app), bring(app)
    assert "28 条是新的" in first.output
    assert "0 条是新的" in again.output
    assert [period.year for period in rules_for(session, "371300", TODAY).collection_periods] == [2027]


def test_a_citys_own_word_goes_before_everybodys_and_holds_from_its_date(app, session, tmp_path):
    file = tmp_path / "rules.csv"
    rows = [
        ",supplement_wd,10,2026-01-01,甲",
        "371300,supplement_wd,5,2026-01-01,乙",
        "371300,supplement_wd,3,2026-12-01,丙",
    ]
    file.write_text(HEAD + "\n".join(rows), encoding="utf-8-sig")
    assert bring(app, file).exit_code == 0
    assert rules_for(session, "371300", TODAY).supplement_wd == 5
    assert rules_for(session, "371300", date(2026, 12, 1)).supplement_wd == 3
    assert rules_for(session, "370100", TODAY).supplement_wd == 10


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (",nonsense,1,2026-01-01,甲", "第 2 行：没有“nonsense”这项规定"),
        ("37130,supplement_wd,1,2026-01-01,甲", "城市代码应为六位"),
        (",supplement_wd,无,2026-01-01,甲", "supplement_wd 要有值"),
        (",collection_periods,2027,2026-01-01,甲", "缴费期请写成"),
        (",supplement_wd,10,2026-01-01,", "请写明来源"),
    ],
)
@on_sqlite
def test_a_mistake_is_named_with_its_line_and_nothing_changes(app, session, tmp_path, rows, sentence):
    file = tmp_path / "rules.csv"
    file.write_text(HEAD + rows)
    result = bring(app, file)
    assert result.exit_code == 1
    assert sentence in result.output
    assert rules_for(session, "371300", TODAY).supplement_wd == 10


def test_what_is_no_text_is_told_so(app, tmp_path):
    file = tmp_path / "rules.csv"
    file.write_bytes(b"\xff\xfe\x00")
    assert "要 UTF-8 的 CSV" in bring(app, file).output
    assert "要 UTF-8 的 CSV" in bring(app, tmp_path / "missing.csv").output
