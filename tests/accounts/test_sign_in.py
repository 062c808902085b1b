"""Signing in as people do it: pages, forms, cookies."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from accounts import attempts, operations
from accounts.models import Account, Post, SignInSession
from accounts.operations import OPERATOR
from accounts.policy import Role
from accounts.queries import token_hash
from common.clock import Clock
from common.models import AuditEntry
from tests.accounts.staff import PASSWORD, client_of, make_account, sign_in
from tests.conftest import NOW, make_app, on_sqlite
from tests.statements import statements_of


def type_in(client, name, password=PASSWORD, environ=None, **more):
    return client.post("/sign-in", data={"name": name, "password": password} | more, environ_base=environ or {})


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


# Wrong passwords


def words_of(page):
    alert = BeautifulSoup(page.text, "html.parser").select_one("[role=alert]")
    return alert.text if alert else ""


def later(app, **spans):
    """The application's clock, moved on."""
    clock = app.extensions["clock"]
    app.extensions["clock"] = Clock(clock.now() + timedelta(**spans))


@pytest.mark.parametrize("name", ["zhaomin", "nobody", "gone"])
def test_a_wrong_password_an_unknown_name_and_a_closed_account_are_told_in_the_same_words(app, client, session, name):
    make_account(app, name="zhaomin")
    gone = make_account(app, name="gone")
    operations.close_account(session, session.get(Account, gone), by=OPERATOR, now=NOW)
    session.commit()
    for tries in range(1, 5):
        page = type_in(client, name, "not-the-password")
        assert (page.status_code, words_of(page)) == (422, "有一处要改用户名或密码不对。"), tries
    assert words_of(type_in(client, name, "not-the-password")) == (
        "有一处要改用户名或密码不对。 试得太多了，请等 30 秒再试。"
    )
    page = type_in(client, name)
    said = re.sub(r"\d+", "30", words_of(page))  # a second may have gone by
    assert (page.status_code, said) == (429, "有一处要改试得太多了，请等 30 秒再试。"), "not even the right one"


def test_waiting_grows_with_each_mistake_and_ends(app, client):
    make_account(app, name="zhaomin")
    for _try in range(4):
        type_in(client, "zhaomin", "wrong")
    waits = []
    for _try in range(8):
        waits.append(words_of(type_in(client, "zhaomin", "wrong")))
        later(app, minutes=31)
    said = [re.search(r"请等 (\d+ ?\S+?)再试", one)[1] for one in waits]
    assert said == ["30 秒", "1 分钟", "2 分钟", "4 分钟", "8 分钟", "16 分钟", "30 分钟", "30 分钟"]
    assert type_in(client, "zhaomin").status_code == 303
    assert words_of(type_in(app.test_client(), "zhaomin", "wrong")) == "有一处要改用户名或密码不对。", "counted anew"


def test_many_names_from_one_address_have_to_wait_but_not_other_addresses(app):
    there = {"REMOTE_ADDR": "203.0.113.7"}
    client = app.test_client()
    for number in range(29):
        type_in(client, f"name{number}", "wrong", environ=there)
    said = client.post("/sign-in", data={"name": "name-x", "password": "wrong"}, environ_base=there)
    assert "请等 30 秒" in words_of(said)
    make_account(app, name="zhaomin")
    assert (
        client.post("/sign-in", data={"name": "zhaomin", "password": PASSWORD}, environ_base=there).status_code == 429
    )
    other = {"REMOTE_ADDR": "203.0.113.8"}
    assert (
        client.post("/sign-in", data={"name": "zhaomin", "password": PASSWORD}, environ_base=other).status_code == 303
    )


@on_sqlite
def test_mistakes_of_a_shared_address_do_not_add_up_from_day_to_day(app):
    """Four visitors of a hall mistype their names each hour; the clerk who sits there signs in at the end."""
    hall, keys = "203.0.113.7", app.extensions["keys"]
    for hour in range(30):
        later(app, hours=1)
        now = app.extensions["clock"].now()
        for _visitor in range(4):
            with app.extensions["db"].writing() as session:
                assert attempts.begin(session, attempts.of_address(keys, "sign_in", hall, now), now) is None, hour
                session.commit()
    make_account(app, name="zhaomin")
    assert type_in(app.test_client(), "zhaomin", environ={"REMOTE_ADDR": hall}).status_code == 303


def test_guessing_a_code_is_slowed_down_too(app, client):
    officer = make_account(app, Role.COUNTY_OFFICER)
    with app.extensions["db"].writing() as session:
        account = session.get(Account, officer)
        account.totp_secret, account.totp_on = pyotp.random_base32(), True
        session.commit()
    sign_in(app, client, officer, second=False)
    said = [words_of(client.post("/sign-in/code", data={"code": f"00000{n}"})) for n in range(6)]
    assert all("动态码不对" in one for one in said[:4])
    assert "请等 30 秒" in said[4]
    assert "试得太多了" in said[5]


def test_tries_at_the_same_moment_do_not_slip_through(app):
    make_account(app, name="zhaomin")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _n: type_in(app.test_client(), "zhaomin", "wrong").status_code, range(24)))
    assert sorted(set(answers)) == [422, 429]
    assert answers.count(422) == 5


# What the cookie holds, and how long


def test_the_cookie_holds_a_token_and_the_database_only_its_hash(app, client, session):
    make_account(app, name="zhaomin")
    cookie = type_in(client, "zhaomin").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    with client.session_transaction() as kept:
        assert set(kept) == {"_user_id", "_permanent"}
        token = kept["_user_id"]
    row = session.scalars(sa.select(SignInSession)).one()
    assert row.token_hash == token_hash(token)
    assert token not in str(row.__dict__)


def test_a_cookie_of_production_travels_over_https_only(sqlite_url, tmp_path):
    app = make_app(sqlite_url, tmp_path, mode="production")
    make_account(app, name="zhaomin")
    assert "; Secure" in type_in(app.test_client(), "zhaomin").headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("role", "idle", "status"),
    [
        (Role.HELPER, {"hours": 11}, 200),
        (Role.HELPER, {"hours": 13}, 303),
        (Role.CLERK, {"minutes": 110}, 200),
        (Role.CLERK, {"minutes": 130}, 303),
        (Role.COUNTY_OFFICER, {"minutes": 29}, 200),
        (Role.COUNTY_OFFICER, {"minutes": 31}, 303),
    ],
)
@on_sqlite
def test_whoever_was_away_types_the_password_again_and_is_back_on_the_same_page(app, role, idle, status):
    client = client_of(app, role)
    later(app, **idle)
    page = client.get("/account?done=password")
    assert page.status_code == status
    if status == 303:
        assert page.headers["Location"] == "/sign-in/unlock?next=/account?done%3Dpassword"
        assert client.post("/sign-in/unlock", data={"password": "wrong"}).status_code == 422
        answer = client.post("/sign-in/unlock", data={"password": PASSWORD, "next": "/account?done=password"})
        assert answer.headers["Location"] == "/account?done=password"
        assert client.get("/account").status_code == 200


def test_looking_at_pages_keeps_a_sign_in_awake(app):
    client = client_of(app, Role.COUNTY_OFFICER)
    for _look in range(4):
        later(app, minutes=20)
        assert client.get("/account").status_code == 200


def test_a_form_sent_after_a_long_pause_is_not_lost(app):
    client = client_of(app, Role.SYSTEM_ADMIN)
    later(app, minutes=45)
    typed = {"name": "lihua", "staff_name": "李<华>", "role": "clerk"}
    locked = client.post("/accounts/new", data=typed)
    assert locked.status_code == 401
    fields = {i["name"]: i["value"] for i in BeautifulSoup(locked.text, "html.parser").select("input[type=hidden]")}
    assert fields == {"next": "/accounts/new"} | {f"kept.{name}": value for name, value in typed.items()}
    wrong = client.post("/sign-in/unlock", data=fields | {"password": "wrong"})
    assert BeautifulSoup(wrong.text, "html.parser").find("input", {"name": "kept.staff_name"})["value"] == "李<华>"
    back = BeautifulSoup(client.post("/sign-in/unlock", data=fields | {"password": PASSWORD}).text, "html.parser")
    form = back.find("form")
    assert form["action"] == "/accounts/new"
    assert {i["name"]: i["value"] for i in form.select("input")} == typed


SECRETS = [
    ("/account/password", {"old": PASSWORD, "new": "plum lantern quarry", "again": "plum lantern quarry"}),
    ("/work/load", {"code": "204817", "tail": "0020"}),
]


@pytest.mark.parametrize(("path", "typed"), SECRETS, ids=[path for path, _typed in SECRETS])
@pytest.mark.parametrize(("away", "step"), [({"hours": 3}, "/sign-in/unlock"), ({"hours": 25}, "/sign-in")])
@on_sqlite
def test_a_password_or_a_code_is_never_written_back_into_a_page(app, path, typed, away, step):
    client = client_of(app, Role.CLERK)
    later(app, **away)
    answer = client.post(path, data=typed, headers={"Referer": "http://localhost/account?done=1"})
    assert (answer.status_code, answer.location) == (303, f"{step}?next=/account?done%3D1")
    shown = client.get(answer.location).text
    assert not [secret for secret in typed.values() if secret in answer.text + shown]


@on_sqlite
def test_after_a_wrong_code_and_a_long_pause_one_is_led_to_where_work_begins(app):
    client, (path, typed) = client_of(app, Role.CLERK), SECRETS[1]
    later(app, hours=3)
    for stood_on in (path, "/nowhere"):
        locked = client.post(path, data=typed, headers={"Referer": f"http://localhost{stood_on}"})
        assert locked.location == "/sign-in/unlock", "what stood there cannot be opened by a link"
    by_script = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{path}"}
    by_script = client.post(path, data=typed, headers=by_script)
    assert by_script.headers["HX-Redirect"] == "/sign-in/unlock"
    opened = client.post(locked.location, data={"password": PASSWORD}, follow_redirects=True)
    assert (opened.status_code, opened.request.path) == (200, "/work")


@on_sqlite
def test_a_button_pressed_after_a_long_pause_leads_back_to_its_page(app):
    client = client_of(app, Role.SYSTEM_ADMIN)
    later(app, minutes=45)
    back = {"Referer": "http://localhost/accounts/" + "0" * 32}
    answer = client.post(f"/accounts/{'0' * 32}/end-sessions", headers=back)
    assert answer.location == f"/sign-in/unlock?next=/accounts/{'0' * 32}", "its own address cannot be opened"


@pytest.mark.parametrize(("role", "hours"), [(Role.HELPER, 24 * 7), (Role.CLERK, 24), (Role.COUNTY_OFFICER, 12)])
def test_every_sign_in_ends_for_good_after_a_while(app, role, hours):
    client = client_of(app, role)
    later(app, hours=hours, minutes=1)
    assert client.get("/account").headers["Location"] == "/sign-in?next=/account"


def test_signing_out_ends_the_sign_in_also_for_whoever_copied_the_cookie(app):
    client, thief = app.test_client(), app.test_client()
    token = sign_in(app, client, make_account(app))
    with thief.session_transaction() as kept:
        kept["_user_id"] = token
    assert thief.get("/account").status_code == 200
    assert client.post("/sign-out").headers["Location"] == "/sign-in?out=1"
    assert [client.get("/account").status_code, thief.get("/account").status_code] == [303, 303]


# Devices, password, posts


def test_people_see_their_devices_and_sign_out_one_or_all_others(app):
    account = make_account(app)
    here, there, elsewhere = (app.test_client() for _n in range(3))
    for client in (here, there, elsewhere):
        sign_in(app, client, account)
    page = BeautifulSoup(here.get("/account").text, "html.parser")
    ends = [form["action"] for form in page.select("form[action*='/sessions/']")]
    assert len(ends) == 3
    assert here.post(ends[0]).status_code == 303
    assert sorted(client.get("/account").status_code for client in (here, there, elsewhere)) == [200, 200, 303]
    assert here.post("/account/sessions/end-others").status_code == 303
    assert [client.get("/account").status_code for client in (here, there, elsewhere)] == [200, 303, 303]


def test_nobody_ends_a_sign_in_of_somebody_else(app, session):
    mine, theirs = client_of(app), client_of(app)
    ids = {row.id for row in session.scalars(sa.select(SignInSession))}
    for one in ids:
        mine.post(f"/account/sessions/{one}/end")
    assert theirs.get("/account").status_code == 200


def test_the_first_password_is_changed_before_anything_else(app, client):
    make_account(app, name="zhaomin", must_change=True)
    assert type_in(client, "zhaomin", next="/account").headers["Location"] == "/account/password?next=/account"
    assert client.get("/account").headers["Location"].startswith("/account/password")
    new = {"old": PASSWORD, "new": "泰山 sunrise plum 9", "again": "泰山 sunrise plum 9", "next": "/account"}
    assert client.post("/account/password", data=new).headers["Location"] == "/account"
    assert client.get("/account").status_code == 200
    assert type_in(app.test_client(), "zhaomin").status_code == 422
    assert type_in(app.test_client(), "zhaomin", new["new"]).status_code == 303


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"old": "wrong"}, "old", "现在的密码不对。"),
        ({"old": ""}, "old", "请填写现在的密码"),
        ({"new": "short"}, "new", "密码至少 10 位，长一点、自己好记就行。"),
        ({"new": "zhaomin-is-great"}, "new", "密码里别带用户名、姓名和手机号。"),
        ({"new": "1234567890"}, "new", "这个密码太容易猜。换几个不相干的词连起来。"),
        ({"new": PASSWORD}, "new", "新密码要和原来的不一样。"),
        ({"again": "something else"}, "again", "两遍输的不一样，请再输一遍。"),
    ],
)
@on_sqlite
def test_each_mistake_with_a_new_password_is_explained_beside_its_field(app, client, change, field, sentence):
    sign_in(app, client, make_account(app, name="zhaomin"))
    typed = {"old": PASSWORD, "new": "plum lantern quarry", "again": "plum lantern quarry"} | change
    page = client.post("/account/password", data=typed)
    assert page.status_code == 422
    soup = BeautifulSoup(page.text, "html.parser")
    assert soup.select_one(f"#{field}-error").text.strip() == sentence
    assert not [i for i in soup.select("input[type=password]") if i.get("value")], "no password is sent back"


def test_an_open_screen_does_not_let_others_guess_the_password_without_end(app, client):
    sign_in(app, client, make_account(app, name="zhaomin"))
    typed = {"new": "plum lantern quarry", "again": "plum lantern quarry"}
    for n in range(6):
        assert client.post("/account/password", data=typed | {"old": f"guess {n}"}).status_code == 422
    page = client.post("/account/password", data=typed | {"old": PASSWORD})
    assert (page.status_code, "试得太多了" in page.text) == (422, True)


def test_a_weak_new_password_costs_no_try(app, client):
    sign_in(app, client, make_account(app, name="zhaomin"))
    for _n in range(8):
        page = client.post("/account/password", data={"old": PASSWORD, "new": "short", "again": "short"})
        assert "密码至少 10 位" in page.text


def test_secrets_of_a_sign_in_stay_in_no_browsers_cache(app, client):
    make_account(app, Role.COUNTY_OFFICER, name="zhouhai")
    type_in(client, "zhouhai")
    page = client.get("/sign-in/enrol")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"


def test_one_code_of_the_phone_lets_one_browser_in_however_many_try_at_once(app):
    secret = pyotp.random_base32()
    officer = make_account(app, Role.COUNTY_OFFICER, name="zhouhai")
    with app.extensions["db"].writing() as session:
        found = session.get_one(Account, officer)
        found.totp_on, found.totp_secret = True, secret
        session.commit()
    clients = [app.test_client() for _ in range(4)]
    for client in clients:
        type_in(client, "zhouhai")
    code = pyotp.TOTP(secret).at(Clock().now())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one.post("/sign-in/code", data={"code": code}).status_code, clients))
    assert sorted(answers) == [303, 422, 422, 422]


def home(client, answer):
    """Where an answer leads in the end."""
    assert answer.location == "/begin"
    return client.get(answer.location).location


def test_every_last_step_of_a_sign_in_leads_to_ones_work_and_not_to_an_error(app):
    secret = pyotp.random_base32()
    officer = make_account(app, Role.COUNTY_OFFICER, name="zhouhai")
    several = make_account(app, [Role.HELPER, Role.CLERK], name="sunli")
    with app.extensions["db"].writing() as session:
        for one in (officer, several):
            found = session.get_one(Account, one)
            found.totp_on, found.totp_secret = one == officer, secret
        session.commit()
    client = app.test_client()
    assert type_in(client, "zhouhai").location.startswith("/sign-in/code")
    code = pyotp.TOTP(secret).at(Clock().now())
    assert home(client, client.post("/sign-in/code", data={"code": code})) == "/cases"
    later(app, hours=1)
    assert home(client, client.post("/sign-in/unlock", data={"password": PASSWORD})) == "/cases"
    other = app.test_client()
    page = other.get(type_in(other, "sunli").location)
    post = BeautifulSoup(page.text, "html.parser").select_one("input[name=post]")["value"]
    assert home(other, other.post("/sign-in/post", data={"post": post})) == "/work"
    new = app.test_client()
    make_account(app, Role.COUNTY_OFFICER, name="newone")
    type_in(new, "newone")
    shown = BeautifulSoup(new.get("/sign-in/enrol").text, "html.parser")
    with app.extensions["db"].read_session() as session:
        its = session.scalars(sa.select(Account.totp_secret).where(Account.name == "newone")).one()
    assert shown
    page = new.post("/sign-in/enrol", data={"code": pyotp.TOTP(its).at(Clock().now())})
    assert (page.status_code, "/begin" in page.text) == (200, True)


def test_whoever_has_several_posts_says_at_which_they_work(app, client):
    account = make_account(app, [Role.HELPER, Role.CLERK], name="zhaomin")
    assert type_in(client, "zhaomin", next="/account").headers["Location"] == "/sign-in/post?next=/account"
    page = BeautifulSoup(client.get("/sign-in/post").text, "html.parser")
    posts = [i["value"] for i in page.select("input[name=post]")]
    assert len(posts) == 2
    assert client.post("/sign-in/post", data={"post": "f" * 32}).status_code == 422
    assert client.post("/sign-in/post", data={"post": posts[1], "next": "/account"}).status_code == 303
    assert "镇街经办" in client.get("/account").text
    assert account


def test_a_post_that_has_ended_gives_no_right(app, session):
    client = client_of(app, Role.SYSTEM_ADMIN)
    assert client.get("/accounts").status_code == 200
    session.execute(sa.update(Post).values(ends_on=NOW.date() - timedelta(days=1)))
    session.commit()
    assert client.get("/accounts").headers["Location"].startswith("/sign-in/post")
    assert "今天没有岗位" in client.get("/sign-in/post").text


# Scripts, and pages for everyone


def test_a_script_without_a_sign_in_is_told_so_and_htmx_led_to_the_page(app, client):
    asked = {"Accept": "application/json"}
    assert client.post("/account/sessions/end-others", headers=asked).status_code == 401
    htmx = {"HX-Request": "true", "HX-Current-URL": "http://localhost/account?x=1"}
    answer = client.post("/account/sessions/end-others", headers=htmx)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/account?x%3D1"


@pytest.mark.parametrize("there", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_a_sign_in_leads_nowhere_else(app, client, there):
    make_account(app, name="zhaomin")
    assert type_in(client, "zhaomin", next=there).headers["Location"] == "/"


def test_public_pages_look_up_nobody(app, make):
    code = make.station()
    client, stranger = client_of(app), app.test_client()
    for path in ("/", "/stations", f"/stations/{code}"):
        for one in (stranger, client):
            one.get(path)
            with statements_of(app.extensions["db"].engine) as said:
                page = one.get(path)
            assert not [words for words in said if "sign_in_session" in words], path
            assert "赵敏" not in page.text
            assert "Set-Cookie" not in page.headers


def test_signing_in_is_written_down(app, client, session):
    account = make_account(app, name="zhaomin", must_change=True)
    type_in(client, "zhaomin", "wrong")
    type_in(client, "zhaomin")
    client.post(
        "/account/password", data={"old": PASSWORD, "new": "plum lantern quarry", "again": "plum lantern quarry"}
    )
    client.post("/sign-out")
    entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.at, AuditEntry.seq)).all()
    said = [entry.action for entry in entries]
    assert said == ["account.post", "sign_in.refused", "sign_in", "password.change", "sign_out"]
    assert {entry.about_id for entry in entries if entry.about_kind == "account"} == {account}
    assert "zhaomin" not in str([entry.__dict__ for entry in entries])


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.HELPER, "/work"),
        (Role.CLERK, "/work"),
        (Role.COUNTY_OFFICER, "/cases"),
        (Role.SYSTEM_ADMIN, "/accounts"),
        (Role.BUREAU_VIEWER, "/sync"),
        (Role.CITY_ADMIN, "/sync"),
        (Role.PROVINCE_ADMIN, "/sync"),
        (Role.SECURITY_AUDITOR, "/audit"),
    ],
)
@on_sqlite
def test_everybody_lands_where_their_work_is_and_finds_the_rest_from_there(app, make, role, home):
    client = make.signed_in(app.test_client(), make.actor(role, station_code="37010200101Z1"))
    assert client.get("/begin").headers["Location"] == home
    assert 'href="/begin"' in client.get(home).text
    account = client.get("/account").text
    for _action, address, _words in app.extensions["work_places"]:
        opens = client.get(address).status_code == 200
        assert (f'href="{address}"' in account) is opens, address


def test_after_the_password_comes_the_work(app, client):
    make_account(app, Role.HELPER, name="zhaomin")
    assert type_in(client, "zhaomin").headers["Location"] == "/begin"
