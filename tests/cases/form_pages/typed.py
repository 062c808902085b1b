"""What the tests of form pages do again and again."""

import sqlalchemy as sa
from bs4 import BeautifulSoup

from tests.cases.forms_typed import MATTER, WHO


def count(session, model):
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(model))


def pre_fill(resident, who=None):
    assert resident.client.post("/file", data={"item": "15"}).location == "/file/draft?step=1"
    at_home = {name: value for name, value in (WHO | (who or {})).items() if name != "ident_by"}
    assert resident.fill(1, at_home).status_code == 303
    assert resident.fill(2, MATTER).location == "/file/draft?step=3"
    answer = resident.client.post("/file/draft/code")
    assert answer.location == "/file/draft/code"
    page = BeautifulSoup(resident.client.get("/file/draft/code").text, "html.parser")
    return page.find(class_="digits").get_text().replace(" ", "")
