"""`@needs(Action.READ_CASE)` under a route: who may open it, and where everybody else is led. Floor 1.

Several actions: one of them is enough. None: everybody who is signed in. Where an object may be touched only inside an
area, the view asks `may(...)` (accounts/policy.py) or takes `Actor.area` into its query, and raises NotYours or 404.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from urllib.parse import unquote, urlsplit

from flask import Response, after_this_request, current_app, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden, Unauthorized

from accounts import current, operations
from accounts.limits import SEEN_EVERY
from accounts.policy import MAY, Action
from accounts.queries import Step
from common import clock
from common.db import writing
from common.i18n import gettext as _
from common.pages import here, own_path, page, see

Given = ParamSpec("Given")
STEPS = {
    Step.UNLOCK: "accounts.unlock",
    Step.CODE: "accounts.code",
    Step.PASSWORD: "account.password",
    Step.ENROL: "accounts.enrol",
    Step.POST: "accounts.post",
    Step.NO_POST: "accounts.post",
}
PASSWORD_PAGES = {"account.password", "account.change_password"}  # open while the first password waits to be changed


class NotYours(Forbidden):
    """Signed in, but not theirs to see or do: 403 with words of its own."""

    @property
    def words(self) -> tuple[str, str]:
        """Title and sentence of the page."""
        return _("这一步不归您的岗位管"), _("要是该您办，请找管账号的同事核对岗位。")


class NotSignedIn(Unauthorized):
    """Asked by a script or a program, so there is nobody to be led to a page."""

    @property
    def words(self) -> tuple[str, str]:
        """Title and sentence."""
        return _("还没登录"), _("请先登录，再接着办。")


def needs(
    *actions: Action, secret: bool = False
) -> Callable[[Callable[Given, ResponseReturnValue]], Callable[Given, ResponseReturnValue]]:
    """Open this view to whoever may do one of these actions, signed in completely.

    secret: a password or a code is typed here, so what was sent is never written back into a page; it is typed again."""

    def mark(view: Callable[Given, ResponseReturnValue]) -> Callable[Given, ResponseReturnValue]:
        @wraps(view)
        def guarded(*args: Given.args, **kwargs: Given.kwargs) -> ResponseReturnValue:
            after_this_request(_kept_by_nobody)
            now = clock.now()
            who = current.signed_in()
            if who is None:
                if not secret and (kept := _typed_by_hand()):
                    return page("accounts/held.html", to=here(), kept=kept), 401
                return _lead("accounts.sign_in")
            step = who.missing(now)
            if step is Step.UNLOCK and not secret and (kept := _typed_by_hand()):
                return page("accounts/unlock.html", name=who.name, errors={}, next=here(), kept=kept), 401
            if step is not None and not (step is Step.PASSWORD and request.endpoint in PASSWORD_PAGES):
                return _lead(STEPS[step])
            actor = current.maybe_actor()
            if actions and actor is not None and not MAY[actor.role].intersection(actions):
                raise NotYours
            if now - who.seen_at > SEEN_EVERY:
                with writing() as session:
                    operations.seen(session, who, now)
                    session.commit()
            return view(*args, **kwargs)

        guarded.door = frozenset(actions)  # type: ignore[attr-defined]
        return guarded

    return mark


def _typed_by_hand() -> list[tuple[str, str]]:
    """What stands in a form that a browser sent as a page, by somebody whose sign-in ended or was locked meanwhile. It stays
    on their page, never with us."""
    return list(request.form.items(multi=True)) if request.method == "POST" and not _by_script() else []


def _by_script() -> bool:
    return bool(
        request.htmx  # type: ignore[attr-defined]
        or request.path.startswith("/api/")
        or request.headers.get("Sec-Fetch-Dest") == "empty"
        or request.accept_mimetypes.best == "application/json"
    )


def _lead(endpoint: str) -> ResponseReturnValue:
    """To the page where the sign-in goes on, and from there back, or to where work begins."""
    if request.htmx:  # type: ignore[attr-defined]
        response = Response(status=401)
        response.headers["HX-Redirect"] = url_for(endpoint, next=_back(request.htmx.current_url))  # type: ignore[attr-defined]
        return response
    if _by_script():
        raise NotSignedIn
    if request.method in {"GET", "HEAD"}:
        return see(url_for(endpoint, next=here()))
    return see(url_for(endpoint, next=_back(request.referrer)))


def _back(address: str | None) -> str | None:
    """The path of the page one stood on; None where no link leads there: elsewhere, or an answer to a form that was sent."""
    at = urlsplit(address or "")
    opens = current_app.url_map.bind_to_environ(request.environ)
    if at.netloc != request.host or not opens.test(unquote(at.path), "GET"):
        return None
    return own_path(f"{at.path}?{at.query}" if at.query else at.path)


def _kept_by_nobody(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    return response
