"""The map as the operator of this installation has chosen it: tiles or county lines, and who allowed them. Room `maps`, floor 2."""

from flask import current_app, url_for

from common.settings import Settings
from maps.borders import borders
from maps.shell import Shell, shell


def settings() -> Settings:
    """The operator's."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def our_shell() -> Shell:
    """The map as this installation has it."""
    return shell(settings().map_tiles, settings().map_key)


def may_draw_borders() -> bool:
    """Publishing administrative lines needs a 审图号 (地图审核管理规定, Art. 5); a demo on one's own machine publishes nothing."""
    return settings().mode != "production" or bool(settings().map_approval)


def borders_url() -> str | None:
    """Where the county lines are; None where they may not be shown, or where tiles show them."""
    if settings().map_tiles or not may_draw_borders():
        return None
    return url_for("maps.county_lines", digest=borders().digest)
