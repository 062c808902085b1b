"""What stands on paper and in pictures needs a whole address. Room `posters`, floor 4."""

from flask import current_app, request


def public_url(path: str) -> str:
    """`path` (from url_for) as an absolute address: below MENKOU_PUBLIC_URL, else below the one the reader asked at."""
    root: str = current_app.config["SETTINGS"].public_url or request.url_root
    return f"{root.rstrip('/')}{path.removeprefix(request.script_root)}"
