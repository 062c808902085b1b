"""One JSON line per request, with nothing personal in it: the route's pattern, never its values. Floor 0."""

import json
import logging
import time

from flask import Flask, Response, g, request

from common.db import Database
from common.ids import new_id

logger = logging.getLogger("menkou.requests")


def log_requests(app: Flask, database: Database) -> None:
    """Write time, pattern, status, milliseconds, SQL statements and bytes of every request to stderr."""

    @app.before_request
    def start() -> None:
        g.began = time.perf_counter()
        g.request_id = new_id()
        database.sql_count.n = 0

    @app.after_request
    def finish(response: Response) -> Response:
        if "began" not in g:  # a request so malformed that it never started
            return response
        line = {
            "at": app.extensions["clock"].now().isoformat(timespec="milliseconds"),
            "id": g.request_id,
            "method": request.method,
            "route": request.url_rule.rule if request.url_rule else None,
            "status": response.status_code,
            "ms": round((time.perf_counter() - g.began) * 1000, 1),
            "sql": database.sql_count.n,
            "bytes": response.calculate_content_length(),
        }
        logger.info(json.dumps(line))
        return response
