"""A CSV that people exported, as numbered rows: UTF-8 or GBK, or one sentence about what is wrong with it.

Room: the catalogue, floor 2. Comes in: the bytes of a file from a bureau's computer. No database here.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable

from common.i18n import gettext as _

MAX_BYTES = 5 * 1024 * 1024  # 33 items take 32 kB
TOLD = 20  # problems worth reading at a time


class BadFile(ValueError):
    """The file cannot be used; `problems` are sentences for the person who exported it."""

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(problems)
        told = self.problems[:TOLD]
        more = [_("还有 %(n)s 处。", n=len(self.problems) - TOLD)] if len(self.problems) > TOLD else []
        super().__init__("\n".join([*told, *more]))


def at_line(line: int, said: str) -> str:
    """The sentence with the place in the file before it."""
    return _("第 %(line)s 行：%(said)s", line=line, said=said)


def numbered_rows(data: bytes, columns: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """(line in the file, cells by column) of each row that is not empty; white space in cells is tidied.

    columns  must be there; others may be and are kept.
    Raises BadFile: too big, not text, not a table, a column missing, a row that is longer or shorter than the head.
    """
    rows: list[tuple[int, dict[str, str]]] = []
    problems: list[str] = []
    reader = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        _check_head(head, columns)
        begins = reader.line_num + 1
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head):
                said = _("有 %(n)s 格，表头有 %(m)s 格，请对齐。", n=len(cells), m=len(head))
                problems.append(at_line(line, said))
                continue
            row = {name: " ".join(cell.split()) for name, cell in zip(head, cells, strict=True)}
            problems += [at_line(line, said) for said in _hidden_marks(row)]
            rows.append((line, row))
    except csv.Error as problem:
        said = _("引号没有配对，请用表格软件重新另存为 CSV。")
        raise BadFile([*problems, at_line(reader.line_num, said)]) from problem
    if problems:
        raise BadFile(problems)
    if not rows:
        raise BadFile([_("文件里只有表头，没有内容。")])
    return rows


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise BadFile([_("文件超过 5 MB，不像是一张清单，请核对。")])
    if b"\0" in data or data.startswith((b"PK", b"%PDF")):
        raise BadFile([_("这不是 CSV 文件，请在表格软件里另存为 CSV 再导入。")])
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile([_("文字编码认不出来，请另存为 UTF-8 的 CSV。")])


def _check_head(head: list[str], columns: Iterable[str]) -> None:
    missing = [name for name in columns if name not in head]
    if missing:
        raise BadFile([_("表头缺少：%(names)s。", names="、".join(missing))])
    twice = sorted({name for name in head if head.count(name) > 1})
    if twice:
        raise BadFile([_("表头有重复：%(names)s。", names="、".join(twice))])


def _hidden_marks(row: dict[str, str]) -> list[str]:
    """Controls and marks that turn the reading direction: nobody types them, and they make a name lie."""
    return [
        _("%(name)s 里有看不见的控制字符，请删掉再导入。", name=name)
        for name, cell in row.items()
        if any(unicodedata.category(sign) in {"Cc", "Cf"} for sign in cell)
    ]
