"""Numbers of identity papers: all invented, none that was ever issued."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.id_number import KINDS, age_on, check_digit, read_id_number

TODAY = date(2026, 11, 23)


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.fixture(autouse=True)
def _words(app):
    with app.app_context():
        yield


@pytest.mark.parametrize(
    ("kind", "number", "cert_type", "born", "sex"),
    [
        ("01", "371302195208170014", "01", date(1952, 8, 17), "1"),
        ("01", "371302195208170022", "01", date(1952, 8, 17), "2"),
        ("household_book", "371722202511050031", "01", date(2025, 11, 5), "1"),
        ("17", "810000199904080018", "17", date(1999, 4, 8), "1"),
        ("17", "820000200010120022", "17", date(2000, 10, 12), "2"),
        ("07", "93739219850615001X", "07", date(1985, 6, 15), "1"),
        ("07", "ABC379801199001", "07", None, None),
        ("permit", "H99999991", "04", None, None),
        ("permit", "M9999999201", "05", None, None),
        ("04", "H99999991", "04", None, None),
        ("06", "99999991", "06", None, None),
        ("08", "X0000001", "08", None, None),
        ("16", "E00000001", "16", None, None),
        ("91", "保密0001", "91", None, None),
    ],
)
def test_a_number_says_whose_it_is(kind, number, cert_type, born, sex):
    assert read_id_number(kind, number, TODAY) == (number, cert_type, born, sex)


@pytest.mark.parametrize(
    ("kind", "number", "sentence"),
    [
        ("01", "371702199902290016", "身份证号里的出生日期不存在，请逐位核对"),
        ("01", "37010020240230001X", "身份证号里的出生日期不存在，请逐位核对"),
        ("01", "371302195208170015", "身份证号校验位不对，请逐位核对"),
        ("01", "37130219520817001x", "身份证号只能是数字，末位可以是 X"),
        ("01", "٣٧١٣٠٢١٩٥٢٠٨١٧٠٠١٤", "身份证号只能是数字，末位可以是 X"),
        ("17", "8100001999040800", "居住证号应为 18 位"),
        ("07", "837840199001010025", "永久居留证号应为 18 位，旧证为 3 个字母加 12 位数字"),
        ("04", "M99999992", "通行证号是 H 或 M 加 8 位数字"),
        ("08", "AB", "护照号应为 5 至 17 位字母和数字"),
        ("99", "ABC", "证件号码应为 4 至 50 个字"),
    ],
)
def test_a_wrong_number_is_explained_in_one_sentence(kind, number, sentence):
    with pytest.raises(ValueError, match=sentence) as problem:
        read_id_number(kind, number, TODAY)
    assert str(problem.value) == sentence
    assert number not in str(problem.value)


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(born, sequence, place, shift):
    first = f"379801{born:%Y%m%d}{sequence:03}"
    right = first + check_digit(first)
    assert read_id_number("01", right, TODAY).born == born
    wrong = right[:place] + str((int(right[place]) + shift) % 10) + right[place + 1 :]
    with pytest.raises(ValueError, match="号"):
        read_id_number("01", wrong, TODAY)


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=60))
def test_no_text_makes_it_fail_otherwise(kind, number):
    with suppress(ValueError):
        assert read_id_number(kind, number, TODAY).number == number


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 11, 23), TODAY, 18),
        (date(2008, 11, 24), TODAY, 17),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_age_counts_full_years(born, day, age):
    assert age_on(day, born) == age
