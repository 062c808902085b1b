"""Two addresses for whoever watches the server: it runs; it can work. Floor 0."""

import sqlalchemy as sa
from flask import Blueprint, Response

from common.db import reading
from common.doors import EVERYONE, open_to

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@open_to(EVERYONE)
def alive() -> Response:
    """The process answers. Touches nothing else."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@open_to(EVERYONE)
def ready() -> tuple[Response, int]:
    """The database answers and has our tables: 200; otherwise 503, without saying more to strangers."""
    try:
        reading().execute(sa.text("SELECT name FROM edition LIMIT 1"))
    except sa.exc.SQLAlchemyError:
        return Response("database not ready\n", mimetype="text/plain"), 503
    return Response("ok\n", mimetype="text/plain"), 200
