"""Signing in as people do it: pages, forms, cookies."""

import re

import pyotp
import pytest
from bs4 import BeautifulSoup

from accounts.policy import Role
from common.clock import Clock
from tests.accounts.staff import PASSWORD, make_account


def type_in(client, name, password=PASSWORD, **more):
    return client.post("/sign-in", data={"name": name, "password": password} | more)


@pytest.mark.parametrize("role", [Role.HELPER, Role.CLERK])
def test_a_helper_and_a_clerk_sign_in_with_a_password(app, client, role):
    make_account(app, role, name="zhaomin")
    assert client.get("/account").headers["Location"] == "/sign-in?next=/account"
    answer = type_in(client, " ZhaoMin ", next="/account")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    page = client.get("/account")
    assert page.status_code == 200
    assert "赵敏" in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


def test_an_officer_sets_up_a_second_factor_at_the_first_sign_in_and_is_asked_for_it_at_the_next(app, client):
    make_account(app, Role.COUNTY_OFFICER, name="officer")
    assert type_in(client, "officer").headers["Location"] == "/sign-in/enrol"
    page = client.get("/sign-in/enrol")
    secret = re.sub(r"\s", "", BeautifulSoup(page.text, "html.parser").select_one(".code").text)
    wrong = client.post("/sign-in/enrol", data={"code": "000000"})
    assert wrong.status_code == 422
    assert client.get("/account").headers["Location"].startswith("/sign-in/enrol")
    totp = pyotp.TOTP(secret)
    now = int(Clock().now().timestamp())
    codes = client.post("/sign-in/enrol", data={"code": totp.at(now - 30)})
    recovery = [item.text for item in BeautifulSoup(codes.text, "html.parser").select(".codes li")]
    assert len(recovery) == 10
    assert client.get("/account").status_code == 200

    again = app.test_client()
    assert type_in(again, "officer", next="/account").headers["Location"] == "/sign-in/code?next=/account"
    assert again.get("/account").status_code == 303
    assert again.post("/sign-in/code", data={"code": totp.at(now - 30)}).status_code == 422, "no code twice"
    assert (
        again.post("/sign-in/code", data={"code": totp.at(now), "next": "/account"}).headers["Location"] == "/account"
    )
    assert again.get("/account").status_code == 200

    lost = app.test_client()
    type_in(lost, "officer")
    assert lost.post("/sign-in/code", data={"code": recovery[3].upper()}).status_code == 303
    assert lost.get("/account").status_code == 200
    thief = app.test_client()
    type_in(thief, "officer")
    assert thief.post("/sign-in/code", data={"code": recovery[3]}).status_code == 422, "good once"
