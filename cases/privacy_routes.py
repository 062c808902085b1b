"""个人信息告知: what is collected, why, how long, what rights. One page for everybody, with a version. Room `cases`, floor 4."""

from functools import cache

from flask import Blueprint

from cases.drafts import OWN_DAYS, STAFF_DAYS
from cases.promise import NOTICE_VERSION
from cases.retention import classes
from common.doors import EVERYONE, open_to
from common.pages import page

bp = Blueprint("privacy", __name__)
_kept = cache(classes)  # our periods, read once; a bureau that keeps its own changes this file


@bp.get("/privacy")
@open_to(EVERYONE)
def show() -> str:
    """The notice (PIPL 17). Its version is kept with every case."""
    months = {name: kept.months for name, kept in _kept().items()}
    return page("cases/privacy.html", version=NOTICE_VERSION, days=OWN_DAYS, staff_days=STAFF_DAYS, months=months)
