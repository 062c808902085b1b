"""Writes come from our own pages; whoever looks only is never refused. (Every route: tests/test_doors.py.)"""

import pytest
from flask import Request
from werkzeug.exceptions import Forbidden
from werkzeug.test import EnvironBuilder

from common.same_origin import refuse_foreign_writes


def asked(method: str, headers: dict[str, str], host: str = "menkou.example:8443") -> Request:
    return Request(EnvironBuilder(method=method, headers=headers, base_url=f"https://{host}/").get_environ())


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},  # typed, or from a bookmark
        {"Origin": "https://menkou.example:8443"},
        {},  # no browser: a command line, another server
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"},
    ],
)
def test_our_own_writes_pass(headers):
    refuse_foreign_writes(asked("POST", headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another machine of the same owner is another site
        {"Sec-Fetch-Site": "something new"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://menkou.example:8443"},
        {"Origin": "https://menkou.example"},  # another port
        {"Origin": "https://menkou.example:8443.evil.example"},
        {"Origin": "https://evil.example/menkou.example:8443"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "QUERY"])
def test_foreign_writes_are_refused(method, headers):
    with pytest.raises(Forbidden):
        refuse_foreign_writes(asked(method, headers))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_is_never_refused(method):
    refuse_foreign_writes(asked(method, {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}))
