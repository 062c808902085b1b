"""门口校准: the pages behind a station's signed link. The link is the right: who holds it may say where that door is."""

from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from common import clock, pictures
from common.db import reading, writing
from common.doors import EVERYONE, open_to
from common.forms import Form
from common.i18n import gettext as _
from common.i18n import say_date
from common.ids import new_id
from common.pages import page, see
from common.settings import Settings
from maps.place import Place, metres_between
from stations import details, door_links, doors
from stations.cards import distance_words
from stations.door_schema import BackForm, DoorForm, SaveForm
from stations.models import DoorReading, Station
from stations.operations import Refused

bp = Blueprint("station_doors", __name__)

FORM_BYTES = 64 * 1024  # beside the photo
SHOWN = 10


class _Closed(Exception):
    """The link opens nothing: status, and the two sentences of the page."""

    def __init__(self, status: int, words: tuple[str, str]):
        self.status, self.words = status, words


@bp.errorhandler(_Closed)
def _say_closed(problem: _Closed) -> ResponseReturnValue:
    return page("error.html", words=problem.words), problem.status


@bp.after_request
def _found_by_nobody(response: Any) -> Any:
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _station(token: str) -> Station:
    """The station this link is for. One statement."""
    try:
        id = door_links.read(_settings().secret_key, token)
    except door_links.Broken:
        raise _Closed(404, (_("这个链接不完整"), _("请从收到的消息里重新点开，别手抄。"))) from None
    found = door_links.station_of(reading(), id, now=clock.now())
    if found is None:
        raise _Closed(410, (_("这个链接不能用了"), _("到期或停用了。请向县（市、区）医保局要一个新的。")))
    return found


@bp.get("/stations/door/<token>")
@open_to(EVERYONE)
def show(token: str) -> ResponseReturnValue:
    """Stand here and tap; and what was measured before. Three statements at most."""
    return _start(_station(token), token, saved=request.args.get("done") == "1", back=request.args.get("done") == "2")


@bp.post("/stations/door/<token>/look")
@open_to(EVERYONE)
def look(token: str) -> ResponseReturnValue:
    """What saving would do: how far the station moves, and what is odd about it. Writes nothing."""
    found = _station(token)
    form = Form.read(DoorForm, request.form)
    if not form.ok:
        return _start(found, token, errors=_one_sentence(form)), 422
    return _check(found, token, form.value, op=new_id())


@bp.get("/stations/door/<token>/look")
@open_to(EVERYONE)
def look_again(token: str) -> ResponseReturnValue:
    """A phone that threw the page away while it took the photo asks for it like this: what was measured is gone."""
    return see(url_for("station_doors.show", token=token))


@bp.post("/stations/door/<token>")
@open_to(EVERYONE)
def save(token: str) -> ResponseReturnValue:
    """Put the station where its door is. The photo is looked at before the transaction begins, and only if the reading may
    be kept: unpacking one costs the most of all."""
    found = _station(token)
    request.max_content_length = pictures.MOST_BYTES + FORM_BYTES
    request.max_form_memory_size = 4 * FORM_BYTES  # of what is read at a time, too: a photo comes in pieces of 64 kB
    try:
        form, sent = Form.read(SaveForm, request.form), request.files.get("photo")
    except RequestEntityTooLarge:
        return _start(found, token, errors={"form": _("照片太大，最多 10 MB。请重新量一次，换一张或者不拍照片。")}), 413
    if not form.ok:
        return _start(found, token, errors=_one_sentence(form)), 422
    known = reading().get(DoorReading, form.value.op)
    photo = None
    if sent and known is None:
        try:
            doors.check_room(reading(), found.id, now=clock.now())
            body = sent.stream.read()
            photo = _keep_photo(pictures.plain_jpeg(body)) if body else None
        except Refused as problem:
            return _not_done(found, token, problem)
        except pictures.BadPicture as problem:
            return _check(found, token, form.value, op=form.value.op, errors={"photo": str(problem)}), 422
    new = False
    try:
        with writing() as session:
            _row, new = doors.keep_reading(
                session,
                found.id,
                form.value.op,
                form.value.measured,
                photo=photo.name if photo else None,
                now=clock.now(),
            )
            session.commit()
    except (Refused, doors.Conflict) as problem:
        return _not_done(found, token, problem)
    finally:
        if photo and not new:  # nobody points at it
            photo.unlink(missing_ok=True)
    return see(url_for("station_doors.show", token=token, done=1))


@bp.post("/stations/door/<token>/back")
@open_to(EVERYONE)
def back(token: str) -> ResponseReturnValue:
    """Put the station back where it was before its last reading."""
    found = _station(token)
    form = Form.read(BackForm, request.form)
    if not form.ok:
        return _start(found, token, errors=_one_sentence(form)), 422
    try:
        with writing() as session:
            doors.put_back(session, found.id, form.value.op, form.value.of, now=clock.now())
            session.commit()
    except (Refused, doors.Conflict) as problem:
        return _not_done(found, token, problem)
    return see(url_for("station_doors.show", token=token, done=2))


def _not_done(found: Station, token: str, problem: ValueError) -> ResponseReturnValue:
    reading().rollback()  # so that the page shows what others have done meanwhile
    return _start(found, token, errors={"form": str(problem)}), 429 if isinstance(problem, Refused) else 409


def _start(
    found: Station, token: str, *, saved: bool = False, back: bool = False, errors: dict[str, str] | None = None
) -> str:
    rows = doors.history(reading(), found.id, limit=SHOWN)
    here = Place(found.lat, found.lon)
    last = rows[0] if rows and Place(rows[0].lat, rows[0].lon) == here else None
    return page(
        "stations/door.html",
        **_common(found, token, errors),
        saved=saved,
        back=back,
        rows=[_row(row) for row in rows],
        last=last,
        op=new_id(),
    )


def _check(found: Station, token: str, form: DoorForm, *, op: str, errors: dict[str, str] | None = None) -> str:
    place = form.measured.place
    return page(
        "stations/door_check.html",
        **_common(found, token, errors),
        form=form,
        far=_metres(metres_between(Place(found.lat, found.lon), place)),
        accuracy=_metres(form.acc),
        doubts=doors.doubts(found, place),
        op=op,
    )


def _common(found: Station, token: str, errors: dict[str, str] | None) -> dict[str, Any]:
    return {"s": found, "area": details.area_words(reading(), found), "token": token, "errors": errors or {}}


def _row(row: DoorReading) -> dict[str, str]:
    """One line of the history."""
    far = _metres(doors.moved_metres(row))
    back = row.how == doors.How.BACK
    return {
        "day": say_date(clock.local_date(row.at)),
        "words": _("改回上一个·挪了 %(far)s", far=far)
        if back
        else _("门口实测·挪了 %(far)s·误差约 %(acc)s", far=far, acc=_metres(row.accuracy_m or 0)),
    }


def _metres(metres: float) -> str:
    """37 米: at a door every metre counts."""
    return _("%(n)s 米", n=round(metres)) if metres < 995 else distance_words(metres)


def _one_sentence(form: Form[Any]) -> dict[str, str]:
    """Nobody typed these fields, so one sentence is enough, and there is no field to lead to."""
    return {"form": next(iter(form.errors.values()))}


def _keep_photo(jpeg: bytes) -> Path:
    """Write it where only the operator can read it: no route serves it."""
    folder = _settings().data_dir / "doors"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{new_id()}.jpg"
    file.touch(mode=0o600)
    file.write_bytes(jpeg)
    return file


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
