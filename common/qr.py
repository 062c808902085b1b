"""A QR code as rows of dark runs: the page draws them as one SVG path, the PDF as rectangles. Floor 0."""

import functools
from typing import NamedTuple

import segno

QUIET = 4  # modules of white around it; scanners need them


class Run(NamedTuple):
    """Dark modules side by side."""

    x: int
    y: int
    length: int


class Qr(NamedTuple):
    """`size`: modules a side, without the white around."""

    size: int
    runs: tuple[Run, ...]

    @property
    def path(self) -> str:
        """The `d` of an SVG path, one unit a module."""
        return "".join(f"M{run.x} {run.y}h{run.length}v1h-{run.length}z" for run in self.runs)

    @property
    def box(self) -> str:
        """The `viewBox` that holds it with its white."""
        return f"{-QUIET} {-QUIET} {self.size + 2 * QUIET} {self.size + 2 * QUIET}"


@functools.lru_cache(maxsize=256)
def qr(words: str) -> Qr:
    """The code for an address; level M: it stays readable with 15 % of it scratched off."""
    rows = [list(row) for row in segno.make(words, error="m", micro=False, boost_error=False).matrix]
    runs = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            length = 0
            while x + length < len(row) and row[x + length]:
                length += 1
            if length:
                runs.append(Run(x, y, length))
            x += length or 1
    return Qr(len(rows), tuple(runs))
