"""Spreadsheets made by hand, byte by byte: what a bureau's computer may send, and what a prankster may."""

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def xlsx(path: Path, *sheets: Sequence[Sequence[object]], extra: dict[str, bytes] | None = None) -> Path:
    """Text, numbers and True/False; None leaves a cell out. One argument per sheet."""
    return xlsx_of_xml(path, *("".join(_row(n, row) for n, row in enumerate(rows, 1)) for rows in sheets), extra=extra)


def xlsx_of_xml(path: Path, *sheets: str, extra: dict[str, bytes] | None = None) -> Path:
    numbers = range(1, len(sheets) + 1)
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
    )
    names = "".join(f'<sheet name="表{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>{parts}</Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>'
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'
        )
        for n, rows in zip(numbers, sheets, strict=True):
            book.writestr(
                f"xl/worksheets/sheet{n}.xml", f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
            )
        for name, data in (extra or {}).items():
            book.writestr(name, data)
    return path


def _row(number: int, cells: Sequence[object]) -> str:
    return (
        f'<row r="{number}">'
        + "".join(_cell(f"{_letters(place)}{number}", cell) for place, cell in enumerate(cells) if cell is not None)
        + "</row>"
    )


def _letters(place: int) -> str:
    return chr(65 + place) if place < 26 else chr(64 + place // 26) + chr(65 + place % 26)


def _cell(at: str, value: object) -> str:
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{at}"><v>{value}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def xls(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """Excel 97: BIFF8 records in a compound file of 512-byte sectors."""
    begin = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 6))
    name = "站点"
    sheet_name = struct.pack("<BB", len(name), 1) + name.encode("utf-16-le")
    before = len(begin) + 4 + 6 + len(sheet_name) + 4
    book = begin + _record(0x0085, struct.pack("<IBB", before, 0, 0) + sheet_name) + _record(0x000A, b"")
    cells = b"".join(
        _record(0x0203, struct.pack("<HHHd", r, c, 0, cell))
        if isinstance(cell, int | float)
        else _record(0x0204, struct.pack("<HHHHB", r, c, 0, len(str(cell)), 1) + str(cell).encode("utf-16-le"))
        for r, row in enumerate(rows)
        for c, cell in enumerate(row)
        if cell is not None
    )
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 6)) + cells + _record(0x000A, b"")
    path.write_bytes(_compound(book + sheet))
    return path


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _compound(stream: bytes) -> bytes:
    """A compound file with one stream, Workbook: header, one sector of allocation table, one of directory, the stream."""
    free, end, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    stream = stream.ljust(4096, b"\0")  # shorter ones live elsewhere
    sectors = -(-len(stream) // 512)
    assert sectors <= 126, "one allocation sector holds 128"
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, 1, 0, 4096, end, 0, end, 0, 0,
    )  # fmt: skip
    header = header.ljust(512, b"\xff")
    chain = [table, end, *range(3, sectors + 2), end]
    allocation = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = name.encode("utf-16-le")
        data = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text) + 2 if name else 0, kind, 1, free, free, child)
        return (data + bytes(36) + struct.pack("<IQ", start, size)).ljust(128, b"\0")

    directory = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream))
    directory += entry("", 0, free, 0, 0) * 2
    return header + allocation + directory + stream.ljust(sectors * 512, b"\0")
