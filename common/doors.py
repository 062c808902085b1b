"""Who may open a route: every view function says so, and a test refuses one that does not. Floor 0.

The accounts room adds `needs(role, …)`; here is only what needs no account.
"""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

EVERYONE = "everyone"
DEVELOPMENT = "development"  # only where MENKOU_DEVELOPMENT is on: the route does not exist elsewhere


def open_to(whom: str) -> Callable[[View], View]:
    """Declare who may open this view: `@open_to(EVERYONE)`."""

    def mark(view: View) -> View:
        view.door = whom  # type: ignore[attr-defined]
        return view

    return mark
