"""Choices kept as bits of a number: the items a station has taken on (bit = item number), its channels and access."""

from collections.abc import Iterable

from services_catalog.models import ModeOfItem

MASKS = tuple(f"{mode}_mask" for mode in ModeOfItem)  # columns of Station


def item_numbers(mask: int) -> list[int]:
    """The item numbers of a bit mask, ascending."""
    return [no for no in range(1, mask.bit_length()) if mask >> no & 1]


def bits_set(mask: int, names: Iterable[str]) -> list[str]:
    """Which of `names`, in the order of their bits, a mask holds."""
    return [name for number, name in enumerate(names) if mask >> number & 1]
