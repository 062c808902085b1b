"""Which family of forms an item belongs to."""

from typing import Any

from cases.circumstances import Circumstances
from cases.filing import Checked, Family
from cases.newborn_enrol import NEWBORN_ENROL
from cases.remote_care import REMOTE_CARE
from cases.resident_enrol import RESIDENT_ENROL
from cases.stop_enrol import STOP_ENROL

ALL = (RESIDENT_ENROL, NEWBORN_ENROL, STOP_ENROL, REMOTE_CARE)
FAMILIES: dict[int, Family] = {item: family for family in ALL for item in sorted(family.items)}


def check(item_no: int, typed: Any, circumstances: Circumstances) -> Checked:
    """What is wrong with this filled-in form, what to say of it, what to keep. KeyError for an item without a form."""
    return FAMILIES[item_no].check(item_no, typed, circumstances)
