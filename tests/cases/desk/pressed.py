"""What is pressed at the desk, and what the page says."""

import re

import sqlalchemy as sa
from bs4 import BeautifulSoup

from cases.models import Case
from common.ids import new_id


def version(session, ref):
    session.rollback()
    return session.scalars(sa.select(Case).where(Case.ref == ref)).one()


def take(client, ref, step, v=1, **said):
    return client.post(f"/cases/{ref}/step", data={"op": new_id(), "step": step, "version": v} | said)


def text(response):
    return re.sub(r"\s+", "", BeautifulSoup(response.text, "html.parser").text)
