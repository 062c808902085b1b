"""Staff on a phone: signing in with and without scripts, and pages only they see."""

import pytest
from playwright.sync_api import expect

from accounts.demo import EVERYBODYS
from tests.browser.looks import axe_faults, layout_faults


def sign_in(page, name="helper", password=EVERYBODYS):
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


@pytest.mark.parametrize("js", [True, False])
def test_a_helper_is_led_to_the_sign_in_and_back(phone, js):
    here = phone(js=js)
    page = here.open("/account/password")
    assert here.path == "/sign-in?next=/account/password"
    sign_in(page, password="something else")
    assert page.get_by_text("用户名或密码不对。").is_visible()
    assert page.get_by_label("用户名").input_value() == "helper"
    assert page.get_by_label("密码").input_value() == ""
    sign_in(page)
    assert here.path == "/account/password"
    page.get_by_role("link", name="赵敏").click()
    page.get_by_role("button", name="退出", exact=True).click()
    expect(page.get_by_text("已经退出")).to_be_visible()
    here.open("/account")
    assert here.path == "/sign-in?next=/account"


@pytest.mark.parametrize("looks", [{}, {"big": True}, {"dark": True}], ids=str)
def test_pages_of_staff_suit_eyes_and_thumbs(phone, looks):
    here = phone(**looks)
    sign_in(here.open("/sign-in"))
    for path in ("/account", "/account/password", "/accounts"):
        page = here.open(path)
        assert axe_faults(page) + layout_faults(page) == [], path
    here.page.context.clear_cookies(name="session")
    sign_in(here.open("/sign-in"), "admin")
    assert here.path == "/sign-in/enrol"
    assert axe_faults(here.page) + layout_faults(here.page) == []
