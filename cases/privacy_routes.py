"""个人信息告知: what is collected, why, how long, what rights. One page for everybody, with a version. Room `cases`, floor 4."""

from flask import Blueprint, current_app

from cases.drafts import OWN_DAYS, STAFF_DAYS
from cases.promise import NOTICE_VERSION
from cases.retention import periods_of
from common.doors import EVERYONE, open_to
from common.pages import page

bp = Blueprint("privacy", __name__)


@bp.get("/privacy")
@open_to(EVERYONE)
def show() -> str:
    """The notice (PIPL 17). Its version is kept with every case."""
    months = {name: kept.months for name, kept in periods_of(current_app).items()}
    return page("cases/privacy.html", version=NOTICE_VERSION, days=OWN_DAYS, staff_days=STAFF_DAYS, months=months)
