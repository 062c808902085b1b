"""create_app(): settings, database, rooms, error pages. The only file that knows everything."""

import contextlib
import gc
import logging
import sys
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager
from htmx_flask import Htmx
from jinja2 import StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadHost, HTTPException, InternalServerError
from werkzeug.middleware.proxy_fix import ProxyFix

import accounts.account_routes
import accounts.admin_routes
import accounts.audit_routes
import accounts.cli
import accounts.current
import accounts.routes
import cases.api
import cases.cli
import cases.export_routes
import cases.file_routes
import cases.follow_routes
import cases.handling_routes
import cases.paper_routes
import cases.paper_try_routes
import cases.privacy_routes
import cases.proof_routes
import cases.receipt_routes
import cases.sync_routes
import cases.work_routes
import common.assets
import common.cli
import common.health
import common.openapi
import common.preferences
import common.ui_pieces
import maps.cli
import maps.routes
import maps.valhalla
import platform_sim.command
import pocket.routes
import posters.card_routes
import posters.cli
import posters.routes
import services_catalog.api
import services_catalog.cli
import services_catalog.routes
import stations.api
import stations.cli
import stations.clusters
import stations.demo
import stations.door_routes
import stations.map_api
import stations.map_routes
import stations.queries
import stations.routes
import stations.search
import sync.asking
import sync.cli
import sync.restored
from accounts.demo import DemoPlaces
from accounts.places import Places, StationPlace
from accounts.policy import Action
from cases import follow_access, paper_access, paper_store, province, retention, trail, words
from cases.families import FAMILIES
from cases.receipts import say_ref
from cases.sync_view import list_words
from common import (
    clock,
    compression,
    db,
    headers,
    i18n,
    migrate,
    pages,
    request_log,
    same_origin,
    sane_requests,
    sealing,
)
from common.i18n import lazy_gettext as _l
from common.settings import ROOT, Settings, WrongSetting, read_settings
from services_catalog import province_catalogue
from stations import province_divisions, province_roster
from sync import lists
from sync.lists import Followed
from sync.worker import Handlers

MAX_BODY = 64 * 1024  # bytes; the largest thing anybody sends us today is a report of 200 characters


class Menkou(Flask):
    """Flask, but an unexpected exception is logged by its class and place only: its words may carry what was typed."""

    def log_exception(self, exc_info: Any) -> None:
        kind, _value, trace = exc_info
        while trace.tb_next:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        logging.getLogger("menkou.errors").error("%s at %s on %s", kind.__name__, where, request.url_rule)


def create_app(settings: Settings | None = None) -> Flask:
    """The application: what granian serves, what `flask` commands run in, what tests open."""
    settings = settings or read_settings()
    app = Menkou(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.mode == "production",
        SESSION_REFRESH_EACH_REQUEST=False,  # how long a sign-in lasts is decided by its row, not by the cookie
        PERMANENT_SESSION_LIFETIME=timedelta(days=7),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        TRANSLATIONS=ROOT / "translations",
        DEVELOPMENT=settings.development,
        DEMO=settings.mode == "demo",
        HOTLINE=settings.hotline,
        SETTINGS=settings,
    )
    if settings.proxies:  # then the address that mistakes are counted by is the reader's, not the proxy's
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.auto_reload = settings.development

    keys = _keys(settings)
    app.extensions["keys"] = keys
    app.extensions["retention"] = _periods(settings)
    database = db.attach(app, settings.sqlalchemy_url, keys)
    app.extensions["clock"] = clock.Clock(settings.clock, settings.time_scale)
    maps.valhalla.set_up(app, settings.valhalla_url)
    # After-request functions run last to first: the log comes last and sees what is really sent.
    request_log.log_requests(app, database)
    i18n.set_up(app)
    app.before_request(lambda: sane_requests.check_address(request))
    app.before_request(lambda: same_origin.refuse_foreign_writes(request))
    app.after_request(lambda response: compression.compress(request, response))
    app.after_request(headers.set_security_headers)
    if settings.log_requests:
        _log_to_stderr()
    Htmx(app)
    pages.set_up(app)
    _set_up_sign_in(app)
    app.extensions["places"] = Places(_station_place, _division_name)
    app.extensions["demo_places"] = _demo_places
    audit_says = {"state": trail.state_word, "kind": words.paper_name, "ref": say_ref, "list": list_words}
    app.extensions["audit_says"] = audit_says
    app.extensions["work_places"] = (  # the first that a post opens is where its work begins
        (Action.FILE_CASE, "/work", _l("今天")),
        (Action.READ_CASE, "/cases", _l("办件")),
        (Action.KEEP_ACCOUNTS, "/accounts", _l("账号")),
        (Action.READ_AUDIT, "/audit", _l("操作记录")),
        (Action.SEE_SYNC, "/sync", _l("报省平台")),
        (Action.EXPORT_PERSON, "/cases/export", _l("导出一个人的资料")),
    )

    for room in (
        common.assets,
        common.health,
        common.openapi,
        common.preferences,
        accounts.routes,
        accounts.account_routes,
        accounts.admin_routes,
        accounts.audit_routes,
        services_catalog.routes,
        services_catalog.api,
        stations.routes,
        stations.door_routes,
        stations.api,
        stations.map_routes,
        stations.map_api,
        maps.routes,
        posters.card_routes,
        pocket.routes,
        posters.routes,
        cases.paper_routes,
        cases.privacy_routes,
        cases.file_routes,
        cases.work_routes,
        cases.receipt_routes,
        cases.export_routes,
        cases.handling_routes,
        cases.follow_routes,
        cases.proof_routes,
        cases.sync_routes,
        cases.api,
    ):
        app.register_blueprint(room.bp)
    app.extensions["paper_rights"] = follow_access.ByReceipt(paper_access.ByPost())
    app.jinja_env.globals["form_address"] = cases.file_routes.form_address  # the catalogue lies below the cases
    if settings.development:
        app.register_blueprint(common.ui_pieces.bp)
        app.register_blueprint(cases.paper_try_routes.bp)
        app.extensions["paper_rights"] = cases.paper_try_routes.Trying(app.extensions["paper_rights"])
    for commands in (
        migrate.db_cli,
        common.cli.audit_cli,
        common.cli.backup_cli,
        common.cli.keys_cli,
        accounts.cli.accounts_cli,
        services_catalog.cli.catalogue_cli,
        maps.cli.reach_cli,
        stations.cli.stations_cli,
        stations.cli.demo_cli,
        posters.cli.posters_cli,
        cases.cli.cases_cli,
        platform_sim.command.platform_sim,
        sync.cli.sync_cli,
    ):
        app.cli.add_command(commands)
    app.extensions["sync_handlers"] = Handlers(
        acked=province.acked, rejected=province.rejected, decided=province.decided
    )
    app.extensions["sync_lists"] = _sync_lists(settings)
    app.extensions["look_up_person"] = sync.asking.LookUp(database, settings, app.extensions["clock"].now)
    app.extensions["after_upgrade"] = [stations.clusters.fill]
    app.extensions["after_restore"] = [sync.restored.ask_first]
    # Functions that seal a room's files anew and say how many.
    app.extensions["after_rotation"] = [lambda: paper_store.shelf_of(app).reseal()]
    app.register_error_handler(HTTPException, _say_what_is_wrong)
    app.register_error_handler(InternalServerError, _say_we_failed)
    return app


def server() -> Flask:
    """The application as a server process runs it. What can be ready before the first reader comes is ready; and since
    it lives as long as the process, the garbage collector need not look through it again (pauses of 60 ms otherwise)."""
    app = create_app()
    if app.extensions["keys"] is None:
        raise SystemExit(
            "There are no keys in MENKOU_KEY_DIR. Make them once, keep a copy elsewhere: flask --app app keys make"
        )
    with app.app_context(), contextlib.suppress(SQLAlchemyError):  # /readyz says so when the database is not there
        stations.search.find(db.reading(), "医保", on=clock.local_date(clock.now()))
    gc.collect()
    gc.freeze()
    return app


def _set_up_sign_in(app: Flask) -> None:
    """Flask-Login over our own table of sign-ins. Its session protection signs phones out when they change networks: off."""
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)  # no template asks yet, and it hashes at every page
    # It would look into the session with every answer, and then each answer varies by cookie, the style sheet too.
    app.after_request_funcs[None].remove(manager._update_remember_cookie)
    manager.session_protection = None
    manager.user_loader(accounts.current.load)
    app.context_processor(lambda: {"staff": g.get("actor")})  # only where a view has asked who it is


def _station_place(session: Session, code: str) -> StationPlace | None:
    """For posts: an open station."""
    found = stations.queries.station(session, code)
    return StationPlace(found.name, found.town_code) if found is not None and found.open else None


def _demo_places(session: Session) -> DemoPlaces | None:
    """Where the demo's staff work; None without demo stations."""
    pair = stations.demo.neighbours(session, FAMILIES)
    if pair is None:
        return None
    village, town = pair
    names = {code: _division_name(session, code) or code for code in (village.county_code, village.county_code[:4])}
    return DemoPlaces(
        village_station=(village.code, village.name),
        town_station=(town.code, town.name),
        town_code=village.town_code,
        county=(village.county_code, names[village.county_code]),
        city=(village.county_code[:4], names[village.county_code[:4]]),
    )


def _division_name(session: Session, area: str) -> str | None:
    """For posts: what a prefix of division codes is called."""
    found = stations.queries.division(session, area.ljust(6, "0"))
    return found.name if found else None


def _sync_lists(settings: Settings) -> dict[str, Followed]:
    """What the rooms above do with the province's lists, by logical name; divisions come before the stations in them."""

    def divisions(session: Session, rows: list[Any], full: bool, now: datetime) -> province_divisions.Plan:
        return province_divisions.plan(session, rows, full=full, now=now, areas=settings.divisions)

    def roster(session: Session, rows: list[Any], full: bool, now: datetime) -> province_roster.Plan:
        demo = settings.mode == "demo"
        return province_roster.plan(session, rows, full=full, now=now, areas=settings.divisions, synthetic=demo)

    def catalogue(session: Session, rows: list[Any], full: bool, now: datetime) -> province_catalogue.Plan:
        return province_catalogue.plan(session, rows, full=full, now=now)

    return {
        lists.DIVISIONS: Followed(divisions, province_divisions.apply, province_divisions.FEW),
        lists.ROSTER: Followed(roster, province_roster.apply, province_roster.FEW, afresh=False),
        lists.CATALOGUE: Followed(catalogue, province_catalogue.apply, province_catalogue.FEW),
    }


def _periods(settings: Settings) -> dict[str, retention.Kept]:
    """How long what is kept. Raises WrongSetting: nobody deletes by a table that says something else than it should."""
    try:
        return retention.classes(settings.retention or retention.FILE)
    except ValueError:
        raise WrongSetting(
            "The file that MENKOU_RETENTION names needs the columns class, months, what, source, and a row for each of "
            "papers, answers, requests with months from 1 on."
        ) from None


def _keys(settings: Settings) -> sealing.KeyRing | None:
    """The key ring: made at the first start of a demo, brought by the operator in production. None where it is missing:
    commands that need no key still run (`flask keys make` is one), a server does not start."""
    if settings.mode == "demo":
        try:
            return sealing.make_keys(settings.keys_folder)
        except OSError as problem:
            words = f"must be a folder that can be written to, unlike {settings.keys_folder} ({problem.strerror})"
            raise WrongSetting(f"The setting MENKOU_KEY_DIR {words}. See .env.example.") from None
        except sealing.KeysMissing as problem:
            raise WrongSetting(f"The setting MENKOU_KEY_DIR is wrong: {problem}.") from None
    try:
        return sealing.read_keys(settings.keys_folder)
    except sealing.KeysMissing:
        return None


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    request_log.logger.handlers = [handler]
    request_log.logger.setLevel(logging.INFO)
    request_log.logger.propagate = False


def _say_what_is_wrong(problem: HTTPException) -> ResponseReturnValue:
    if problem.code is None or problem.code < 400:
        return problem
    if isinstance(problem, BadHost):  # no address can be built on it, so no page either
        return Response("\n".join(pages.error_words(400)), 400, mimetype="text/plain")
    words = getattr(problem, "words", None) or pages.error_words(problem.code)
    if request.path.startswith("/api/"):
        return {"error": problem.name, "message": " ".join(words)}, problem.code
    return pages.page("error.html", words=words), problem.code


def _say_we_failed(_problem: Exception) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return {"error": "Internal Server Error", "message": " ".join(pages.error_words(500))}, 500
    return pages.page("error.html", words=pages.error_words(500)), 500
