"""What the platform decides on a filing, and when: approve, return with a reason, ask for a paper."""

import hashlib
from datetime import datetime

from platform_sim.book import Book
from platform_sim.sim_clock import written

APPROVED, RETURNED, SUPPLEMENT = "approved", "returned", "supplement"
SHARES = ((APPROVED, 8), (RETURNED, 1), (SUPPLEMENT, 1))
BY_LAST = {"8": RETURNED, "9": SUPPLEMENT}  # the last character of the case's receipt, for those who want to see one
MEMOS = {
    APPROVED: "",
    RETURNED: "就医地与证明材料不一致，请核对后重新提交",
    SUPPLEMENT: "请补交能看清的证明材料",
}


def wish(book: Book, seed: int, shares: tuple[tuple[str, int], ...], rid: str, ver_no: int, ref: str) -> str:
    """What will become of it: as somebody asked for (admin), by the receipt's last character, otherwise by seed. Who comes a
    second time has done what was asked: approved."""
    asked = book.row("SELECT stas FROM wish WHERE name IN (?, ?)", rid, ref)
    if asked:
        return str(asked[0])
    if book.row("SELECT 1 FROM decision WHERE rid = ? AND stas <> ?", rid, APPROVED):
        return APPROVED
    if ref[-1:] in BY_LAST:
        return BY_LAST[ref[-1]]
    total = sum(share for _stas, share in shares)
    place = int.from_bytes(hashlib.sha256(f"{seed}:{rid}:{ver_no}".encode()).digest()[:4], "big") % total
    for stas, share in shares:
        if place < share:
            return stas
        place -= share
    return APPROVED


def decide_what_is_due(book: Book, now: datetime) -> None:
    """Every filing whose time has come."""
    for row in book.rows("SELECT rid, wish FROM filing WHERE due <= ? ORDER BY due, rid", now.isoformat()):
        decide(book, row["rid"], row["wish"], "", now)


def decide(book: Book, rid: str, stas: str, memo: str, now: datetime) -> bool:
    """Decide on one now; False when it is not known. `ver` counts the platform's own versions of its decision."""
    found = book.row("SELECT * FROM filing WHERE rid = ? OR ref = ?", rid, rid)
    if found is None or found["stas"] == "cancelled":
        return False
    asked = book.row("SELECT memo FROM wish WHERE name IN (?, ?)", found["rid"], found["ref"])
    words = memo or (asked[0] if asked else "") or MEMOS[stas]
    book.do(
        "UPDATE filing SET stas = ?, memo = ?, ver = ver + 1, due = NULL, changed = ? WHERE rid = ?",
        stas,
        words,
        written(now),
        found["rid"],
    )
    book.do(
        "INSERT INTO decision (rid, ver_no, ver, sn, stas, memo, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        found["rid"],
        found["ver_no"],
        found["ver"] + 1,
        found["sn"],
        stas,
        words,
        written(now),
    )
    return True
