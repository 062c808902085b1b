"""验真: whether a receipt's QR code is ours. Anybody may ask, and with the published key need not even ask us. Floor 4."""

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from cases import receipts
from cases.item_names import named
from common.db import reading
from common.doors import EVERYONE, open_to
from common.pages import page
from common.sealing import public_receipt_key
from services_catalog.queries import catalogue
from stations import queries as stations

bp = Blueprint("receipt_proof", __name__)

LONGEST = 400  # characters; a token has some 140


@bp.get("/receipts/verify")
@open_to(EVERYONE)
def verify() -> ResponseReturnValue:
    """What the text of a QR code vouches for. Three statements at most; nothing of a person is in it."""
    token = "".join(request.args.get("t", "").split())
    pem = public_receipt_key(current_app.extensions["keys"])
    known = {"token": token, "mark": receipts.key_mark(pem)}
    if not token:
        return page("cases/verify.html", **known, state="ask")
    found = None if len(token) > LONGEST else receipts.verify(token, receipts.read_public_key(pem))
    if found is None:
        return page("cases/verify.html", **known, state="wrong"), 422
    item = named(catalogue(reading()), found.item_no)
    station = stations.station(reading(), found.station_code)
    return page(
        "cases/verify.html",
        **known,
        state="right",
        said=receipts.say_ref(found.ref),
        item=item.name,
        station=station.name if station else found.station_code,
        filed_on=found.filed_on,
    )


@bp.get("/receipts/key.pem")
@open_to(EVERYONE)
def key() -> ResponseReturnValue:
    """The key that verifies our receipts."""
    pem = public_receipt_key(current_app.extensions["keys"])
    return Response(pem, mimetype="application/x-pem-file", headers={"Cache-Control": "public, max-age=3600"})
