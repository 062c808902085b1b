"""A county's posters at once, for whoever has a printer."""

import io

import pypdf
import pytest

from tests.conftest import make_app, on_sqlite

ROOT = "https://menkou.example.gov.cn"


@pytest.fixture
def county(loaded, make):
    """Three open stations in two towns, one closed, one in another county."""
    make.station("乙站", town_code="370102002", items=(1, 2))
    make.station("甲站", town_code="370102002", items=())
    make.station("丙站", town_code="370102001", items=range(1, 34))
    make.station("停办站", open=False)
    make.station("外县站", county_code="370103")


@pytest.fixture
def run(county, database_url, tmp_path):
    """run("--county", …): the command's result, on an installation that knows its address."""
    app = make_app(database_url, tmp_path, public_url=ROOT)
    yield lambda *words: app.test_cli_runner().invoke(args=["posters", "pdf", *words])
    app.extensions["db"].engine.dispose()


def test_a_county_is_one_file_with_a_page_for_each_open_station_by_town(run, tmp_path):
    file = tmp_path / "county.pdf"
    result = run("--county", "370102", "--out", str(file))
    assert result.exit_code == 0, result.output
    assert f"写好 3 页，在 {file}。" in result.output
    assert "其中 1 个站点还没登记能办的事。" in result.output
    pages = pypdf.PdfReader(io.BytesIO(file.read_bytes())).pages
    names = [next(name for name in ("甲站", "乙站", "丙站") if name in page.extract_text()) for page in pages]
    assert names == ["丙站", "乙站", "甲站"]
    again = tmp_path / "again.pdf"
    run("--county", "370102", "--out", str(again), "--size", "a4")
    assert again.read_bytes() == file.read_bytes()
    assert [left.name for left in tmp_path.glob("*.part")] == []


def test_a3_is_larger(run, tmp_path):
    file = tmp_path / "county.pdf"
    assert run("--county", "370102", "--out", str(file), "--size", "a3").exit_code == 0
    assert {round(page.mediabox.width) for page in pypdf.PdfReader(file).pages} == {842}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--county", "37010", "--out", "x.pdf"), "6 位代码"),
        (("--county", "370199", "--out", "x.pdf"), "6 位代码"),
        (("--county", "370100", "--out", "x.pdf"), "6 位代码"),
        (("--county", "370102", "--out", "/nowhere/x.pdf"), "写不了"),
    ],
)
@on_sqlite
def test_what_is_wrong_is_one_sentence(run, words, sentence):
    result = run(*words)
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_a_county_without_stations_is_said(run, make, tmp_path):
    make.division("370104", "槐荫区")
    result = run("--county", "370104", "--out", str(tmp_path / "x.pdf"))
    assert (result.exit_code, "还没有站点" in result.output) == (1, True)


def test_without_an_address_nothing_is_printed_that_nobody_can_scan(app, county, tmp_path):
    result = app.test_cli_runner().invoke(
        args=["posters", "pdf", "--county", "370102", "--out", str(tmp_path / "x.pdf")]
    )
    assert result.exit_code == 1
    assert "MENKOU_PUBLIC_URL" in result.output
    assert not (tmp_path / "x.pdf").exists()


def test_without_fonts_it_says_how_to_get_them(run, tmp_path, monkeypatch):
    monkeypatch.setattr("posters.fonts.FOLDER", tmp_path)
    result = run("--county", "370102", "--out", str(tmp_path / "x.pdf"))
    assert (result.exit_code, "没装字体" in result.output) == (1, True)
