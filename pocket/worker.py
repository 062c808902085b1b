"""The service worker of /pocket/: its script with the addresses of what it keeps written in. Room `pocket`, floor 4."""

import hashlib
import json

from flask import url_for

from common.assets import asset_url, find

KEPT = ("app.css", "icon.svg", "htmx.js", "pocket.js", "pocket_saved.js")
SCRIPT = "pocket_worker.js"


def worker_script() -> str:
    """static/pocket_worker.js behind a line that says which files it keeps and which edition they are."""
    script = find(SCRIPT)
    if script is None:
        raise FileNotFoundError(SCRIPT)
    shell = url_for("pocket.saved")
    files = [url for name in KEPT if (url := asset_url(name))]
    edition = hashlib.sha256("\n".join([script.digest, shell, *files]).encode()).hexdigest()[:12]
    given = json.dumps({"edition": edition, "shell": shell, "home": url_for("pocket.home"), "files": files})
    return f"var POCKET = {given};\n{script.plain.decode()}"
