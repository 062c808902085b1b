"""Serve it with the settings of tools/run.py: `PORT=8001 DATABASE_URL=sqlite:///… python -m benchmarks.django_page`."""

import os

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

Granian(
    "benchmarks.django_page.wsgi:application",
    interface=Interfaces.WSGI,
    address="127.0.0.1",
    port=int(os.environ["PORT"]),
    workers=2,
    blocking_threads=1,
    websockets=False,
    log_level=LogLevels.warning,
).serve()
