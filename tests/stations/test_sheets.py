"""Reading and writing tables: whatever a bureau's computer sends is read, or refused with one sentence."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations import sheets
from stations.sheets import Column, Record, Unreadable, bare, guarded, open_table, write_csv
from tests.stations.workbooks import xls, xlsx, xlsx_of_xml

COLUMNS = (
    Column("code", "站点编码", ("编码",), required=True),
    Column("name", "站点名称", ("名称",), required=True),
    Column("lon", "经度", ("lng",)),
)
HEADER = ["站点编码", "站点名称", "经度"]
ROW = ["370102001", "历山路医保工作站", "117.12"]


def read(path: Path, given: dict[str, str] | None = None) -> list[Record]:
    with open_table(path, COLUMNS, given) as table:
        return list(table.records)


def cells(path: Path) -> list[list[str]]:
    return [list(record.cells.values()) for record in read(path)]


def refusal(path: Path, given: dict[str, str] | None = None) -> str:
    with pytest.raises(Unreadable) as refused:
        read(path, given)
    sentence = str(refused.value)
    assert sentence.endswith("。"), sentence
    return sentence


def csv_file(folder: Path, text: str, encoding: str = "utf-8", name: str = "roster.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


# What is read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_in_any_usual_encoding_and_with_any_usual_delimiter(tmp_path, encoding, delimiter):
    text = "\r\n".join(delimiter.join(line) for line in (HEADER, ROW))
    assert cells(csv_file(tmp_path, text, encoding)) == [ROW]


def test_a_workbook_is_read_with_numbers_as_one_would_type_them(tmp_path):
    file = xlsx(tmp_path / "roster.xlsx", [HEADER, [370102001, "历山路", 117.12], [370102001002.0, True, None]])
    assert cells(file) == [["370102001", "历山路", "117.12"], ["370102001002", "是", ""]]


def test_an_old_workbook_with_the_new_ending_is_read_by_its_content(tmp_path):
    file = xls(tmp_path / "roster.xlsx", [HEADER, [370102001, "历山路", 117.12]])
    assert cells(file) == [["370102001", "历山路", "117.12"]]


def test_the_first_sheet_with_the_header_is_taken_and_titles_above_it_are_passed_over(tmp_path):
    notes = [["填表说明"], ["请如实填写"]]
    roster = [["山东省医保工作站名册"], [], ["制表：2026-11"], HEADER, ROW, [None, None, None], ["B1", "第二站"]]
    records = read(xlsx(tmp_path / "roster.xlsx", notes, roster, [HEADER, ["X", "别的表", "1"]]))
    assert [(record.line, record.cells["code"]) for record in records] == [(5, "370102001"), (7, "B1")]


def test_lines_are_numbered_as_a_spreadsheet_program_shows_them(tmp_path):
    file = csv_file(tmp_path, '名册\n\n编码,名称\nA1,"两\n行"\n\nA2,站\n')
    assert [(record.line, record.cells["name"]) for record in read(file)] == [(4, "两\n行"), (6, "站")]


def test_columns_are_known_by_their_usual_names(tmp_path):
    with open_table(csv_file(tmp_path, "*编 码：,名称（全称）,LNG,备注\nA1,站,1,x\n"), COLUMNS) as table:
        assert dict(table.found) == {"code": "*编 码：", "name": "名称（全称）", "lon": "LNG"}
        assert table.unknown == ("备注",)


def test_a_column_may_be_named_by_whoever_sends_the_file(tmp_path):
    file = csv_file(tmp_path, "编码,单位,名称\nA1,甲站,乙\n")
    with open_table(file, COLUMNS, {"单位": "name"}) as table:
        assert [record.cells["name"] for record in table.records] == ["甲站"]
        assert table.unknown == ("名称",)


def test_cells_beyond_the_header_are_counted(tmp_path):
    file = csv_file(tmp_path, "编码,名称\nA1,解放路,甲号站\nA2,好站,\n")
    assert [record.spare for record in read(file)] == [1, 0]


# What is refused


def test_what_is_no_table_is_refused_with_one_sentence(tmp_path):
    (tmp_path / "folder").mkdir()
    assert "找不到" in refusal(tmp_path / "none.csv")
    assert "文件夹" in refusal(tmp_path / "folder")
    assert "不是普通文件" in refusal(Path("/dev/zero"))
    assert "是空的" in refusal(csv_file(tmp_path, ""))
    assert "是空的" in refusal(csv_file(tmp_path, "\n \n"))
    assert "网页" in refusal(csv_file(tmp_path, "<html><table><tr><td>站点编码</td></tr></table>", name="roster.xls"))
    assert "没找到表头" in refusal(csv_file(tmp_path, "甲,乙\n1,2\n"))
    assert "没找到表头" in refusal(xlsx(tmp_path / "a.xlsx", [["甲", "乙"]]))
    assert "没有内容" in refusal(xlsx(tmp_path / "b.xlsx", []))


@pytest.mark.parametrize(
    "junk",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04" + bytes(200),
        b"PK\x03\x04 cut off",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
        b"\xff\xfe\xff\xfe\xff\xd8\xff",
        bytes(range(128, 256)) * 4,
        b"\0" * 3000,
    ],
)
def test_binary_junk_is_refused_with_one_sentence(tmp_path, junk):
    file = tmp_path / "roster.xlsx"
    file.write_bytes(junk)
    refusal(file)


def test_missing_columns_are_listed_beside_those_that_are_there(tmp_path):
    sentence = refusal(csv_file(tmp_path, "编码,经度,备注\nA1,117,x\n"))
    assert "缺少站点名称" in sentence
    assert "编码、经度、备注" in sentence
    assert "--map" in sentence


def test_two_columns_for_one_fact_are_refused(tmp_path):
    assert "“编码”和“站点编码”像是同一列" in refusal(csv_file(tmp_path, "编码,站点编码,名称\nA1,A2,站\n"))


def test_a_mapping_of_a_column_or_a_field_that_does_not_exist_is_refused(tmp_path):
    file = csv_file(tmp_path, "编码,名称\nA1,站\n")
    assert "没有“单位”这一列" in refusal(file, {"单位": "name"})
    assert "不认识“姓名”" in refusal(file, {"名称": "姓名"})


def test_an_open_quote_is_refused_instead_of_swallowing_the_rows_after_it(tmp_path):
    assert "引号" in refusal(csv_file(tmp_path, '编码,名称\nA1,"站\nA2,站\nA3,站\n'))


def test_too_many_rows_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    assert "超过 3 行" in refusal(csv_file(tmp_path, "编码,名称\nA,1\nB,2\nC,3\n"))
    tall = '<row r="1"><c r="A1"><v>1</v></c></row><row r="300000"><c r="A300000"><v>1</v></c></row>'
    assert "末尾若有空行" in refusal(xlsx_of_xml(tmp_path / "tall.xlsx", tall))


def test_a_file_that_is_too_big_is_refused_unread(tmp_path):
    file = tmp_path / "big.csv"
    with file.open("wb") as out:
        out.write(b"x")
        out.truncate(sheets.MAX_FILE + 1)
    assert "超过 50 MB" in refusal(file)


def test_a_zip_bomb_is_refused_by_what_it_declares(tmp_path):
    file = xlsx(tmp_path / "bomb.xlsx", [HEADER, ROW], extra={"xl/media/image1.bin": b"0" * 100})
    data = bytearray(file.read_bytes())
    entry = data.rindex(b"PK\x01\x02")  # the last of the directory: the image
    struct.pack_into("<I", data, entry + 24, 2**31)
    file.write_bytes(data)
    assert "解压后太大" in refusal(file)


def test_a_sheet_of_two_cells_that_would_need_500_gb_is_refused_and_nothing_crashes(tmp_path):
    corners = '<row r="1"><c r="A1"><v>1</v></c></row><row r="199999"><c r="XFD199999"><v>1</v></c></row>'
    assert "内存" in refusal(xlsx_of_xml(tmp_path / "corners.xlsx", corners))


# Writing


@given(st.text())
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(text):
    assert bare(guarded(text)) == text
    assert not guarded(text).startswith(tuple("=+-@＝＋－＠"))


@pytest.mark.parametrize("formula", ["=1+1", "+86 531", "-2", "@SUM(A1)", "'=1", "''-1", "＝1"])
def test_what_a_spreadsheet_would_run_gets_a_quote_before_it(formula):
    assert guarded(formula) == "'" + formula


def test_a_written_table_is_read_back_and_opens_in_excel(tmp_path):
    file = tmp_path / "out.csv"
    rows = [["A1", '=HYPERLINK("http://x")', "117.12"], ["A2", '他说"好"，\n真的', ""]]
    assert write_csv(file, HEADER, rows) == 2
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert cells(file) == rows


def test_a_table_that_cannot_be_written_says_so_and_leaves_the_old_one(tmp_path):
    file = tmp_path / "out.csv"
    file.write_text("old")

    def rows():
        yield ["A1", "站", ""]
        raise Unreadable("半路断了。")

    with pytest.raises(Unreadable):
        write_csv(file, HEADER, rows())
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    with pytest.raises(Unreadable, match="写不了"):
        write_csv(tmp_path / "none" / "out.csv", HEADER, [])
