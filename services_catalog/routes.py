"""Pages of the catalogue: the first page, categories, one item, policy answers. Nothing here writes.

Room: the catalogue, floor 2. Comes in: addresses with a number, an id, or ?at= a division code; anything else is 404
or ignored. Each page costs one statement, the editions; the catalogue itself is kept in memory.
"""

from flask import Blueprint, abort, request

from common import clock
from common.db import reading
from common.doors import EVERYONE, open_to
from common.i18n import lazy_gettext as _l
from common.pages import page
from services_catalog import queries, schema

POPULAR = (_l("外地看病"), _l("新生儿"), _l("报销"), _l("慢病"))  # under the search box; each finds something

bp = Blueprint("services_catalog", __name__)


@bp.get("/")
@open_to(EVERYONE)
def home() -> str:
    """What people come for: the search box, stations near by, the categories. One statement."""
    return page("services_catalog/home.html", categories=queries.catalogue(reading()).categories, popular=POPULAR)


@bp.get("/services")
@open_to(EVERYONE)
def categories() -> str:
    """Every category with its items. One statement."""
    return page("services_catalog/categories.html", categories=queries.catalogue(reading()).categories)


@bp.get("/services/<int:no>")
@open_to(EVERYONE)
def category(no: int) -> str:
    """One category with its items. One statement."""
    found = queries.catalogue(reading()).category(no) or abort(404)
    return page("services_catalog/category.html", category=found)


@bp.get("/services/items/<int:no>")
@open_to(EVERYONE)
def item(no: int) -> str:
    """Who, what to bring, how long, where and how, what happens next, on what basis. One statement.

    ?at=370102 says where: what that county, its city or the province does differently is applied and said.
    """
    session, at, today = reading(), schema.division_code(request.args.get("at", "")), clock.local_date(clock.now())
    found = queries.item_for(session, no, at, today) or abort(404)
    return page(
        "services_catalog/item.html",
        item=found,
        category=queries.catalogue(session, today).category(found.category_no),
        at=at,
        related=queries.related_answers(session, found),
    )


@bp.get("/answers")
@open_to(EVERYONE)
def answers_page() -> str:
    """The questions people ask, by topic; only what holds today. One statement."""
    return page("services_catalog/answers.html", topics=queries.answers(reading()).topics)


@bp.get("/answers/<id>")
@open_to(EVERYONE)
def answer(id: str) -> str:
    """One answer with its date, region and source; one that is out of date leads to what replaced it. One statement."""
    known = queries.answers(reading())
    found = known.by_id.get(id) or abort(404)
    return page(
        "services_catalog/answer.html",
        answer=found,
        successor=known.by_id.get(found.superseded_by or ""),
        siblings=[other for other in known.about(found.topic_zh) if other.id != id],
    )
