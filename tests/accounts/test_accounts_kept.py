"""Keeping accounts: the commands, the table from Excel, the administrator's pages."""

import csv
import stat

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from accounts import operations
from accounts.models import Account, Post
from accounts.operations import OPERATOR, NewPost
from accounts.passwords import hash_password, is_password, weakness
from accounts.policy import Role
from accounts.schema import check_name
from common.models import AuditEntry
from tests.accounts.staff import PASSWORD, client_of, make_account, sign_in
from tests.conftest import NOW, make_app, on_sqlite


def run(app, *arguments):
    return app.test_cli_runner().invoke(args=["accounts", *map(str, arguments)])


@pytest.fixture
def station(make):
    return make.station("大桥村医保工作站")


def test_a_first_password_is_printed_once_and_opens_the_door_to_choosing_another(app, client, station):
    said = run(app, "create", "ZhaoMin", "--role", "helper", "--station", station, "--staff-name", "赵敏")
    assert said.exit_code == 0, said.output
    password = said.output.strip().split("：")[1]
    answer = client.post("/sign-in", data={"name": "zhaomin", "password": password})
    assert answer.headers["Location"] == "/account/password"
    assert "大桥村" not in run(app, "list").output
    assert station in run(app, "list", "--area", "370102").output
    assert run(app, "list", "--area", "3702").output == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["zm", "--role", "helper"], "医保明白人要填站点编号。"),
        (["zm", "--role", "helper", "--station", "NONE"], "没有编号为 NONE 的站点。"),
        (["zm", "--role", "clerk", "--area", "370102"], "镇街经办的管辖范围要填 9 位区划代码。"),
        (["zm", "--role", "county_officer", "--area", "370199"], "没有区划代码 370199。"),
        (["13800138000", "--role", "county_officer", "--area", "370102"], "别拿手机号、身份证号做用户名。"),
        (["z", "--role", "county_officer", "--area", "370102"], "用户名用 3 到 40 个小写字母"),
        (["taken", "--role", "county_officer", "--area", "370102"], "用户名 taken 已经有人用了，换一个。"),
    ],
)
def test_an_account_that_cannot_be_is_refused_with_one_sentence(app, station, arguments, sentence):
    make_account(app, name="taken")
    said = run(app, "create", *arguments, "--staff-name", "赵敏")
    assert said.exit_code == 1
    assert sentence in said.output


def test_resetting_a_password_ends_every_sign_in(app, station):
    client = client_of(app, name="zhaomin")
    assert client.get("/account").status_code == 200
    assert run(app, "reset-password", "zhaomin").exit_code == 0
    assert client.get("/account").status_code == 303
    assert run(app, "reset-password", "nobody").output.strip() == "没有用户名 nobody。"


HEADER = "用户名,姓名,手机号,岗位,管辖范围,站点编号\n"


def test_many_accounts_come_from_one_table_and_their_passwords_are_for_its_owner_only(app, session, station, tmp_path):
    table = tmp_path / "staff.csv"
    table.write_text(HEADER + f"zhaomin,赵敏,139 0000 1111,医保明白人,,{station}\nzhouq,周强,,县级经办,370102,\n")
    said = run(app, "import", table)
    assert said.exit_code == 0, said.output
    sheet = tmp_path / "staff.csv.passwords.csv"
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    rows = list(csv.DictReader(sheet.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["用户名"] for row in rows] == ["zhaomin", "zhouq"]
    made = session.scalars(sa.select(Account).order_by(Account.name)).all()
    assert made[0].phone == "13900001111"
    assert all(account.must_change for account in made)
    assert is_password(made[0].password_hash, rows[0]["首次密码"])


def test_one_bad_row_keeps_the_whole_table_out_and_every_bad_row_is_named(app, session, station, tmp_path):
    table = tmp_path / "staff.csv"
    rows = [
        f"zhaomin,赵敏,,医保明白人,,{station}",
        "z,周强,,县级经办,370102,",
        "li,李,12,县级经办,370102,",
        "wang,王,,院长,370102,",
    ]
    rows += ["zhaomin,赵二,,县级经办,370102,", "sun,,,县级经办,370102,"]
    table.write_text(HEADER + "\n".join(rows))
    said = run(app, "import", table)
    assert said.exit_code == 1
    for line, words in (
        (3, "用户名用"),
        (4, "手机号应为 11 位"),
        (5, "岗位没有这一种"),
        (6, "已经有人用了"),
        (7, "请填写姓名"),
    ):
        assert f"第 {line} 行：" in said.output
        assert words in said.output
    assert session.scalar(sa.select(sa.func.count(Account.id))) == 0
    assert not (tmp_path / "staff.csv.passwords.csv").exists()


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04broken", b"a,b\n1,2\n", b"\xff\xfe\x00\x01", b"<html>"])
def test_a_file_that_is_no_table_is_refused_with_one_sentence(app, tmp_path, body):
    table = tmp_path / "staff.xlsx"
    table.write_bytes(body)
    said = run(app, "import", table)
    assert said.exit_code == 1
    assert len(said.output.strip().splitlines()) == 1


def test_an_administrator_makes_and_closes_accounts_of_the_own_area(app, session, station):
    admin = client_of(app, Role.SYSTEM_ADMIN, name="admin")
    typed = {"name": "zhaomin", "staff_name": "赵敏", "role": "helper", "station": station}
    page = admin.post("/accounts/new", data=typed)
    password = BeautifulSoup(page.text, "html.parser").select_one(".code").text
    helper = app.test_client()
    assert helper.post("/sign-in", data={"name": "zhaomin", "password": password}).status_code == 303
    assert "赵敏" in admin.get("/accounts?q=ZHAO").text
    account = session.scalars(sa.select(Account).where(Account.name == "zhaomin")).one()
    assert admin.post(f"/accounts/{account.id}/close").status_code == 303
    assert helper.get("/account/password").headers["Location"].startswith("/sign-in?")
    assert helper.post("/sign-in", data={"name": "zhaomin", "password": password}).status_code == 422
    session.rollback()  # to see what the pages did
    assert session.scalars(sa.select(Post).where(Post.account_id == account.id)).one().ends_on is not None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"role": "province_admin", "area": "37"}, "只能给自己管辖范围里的岗位。"),
        ({"role": "county_officer", "area": "3701"}, "县级经办的管辖范围要填 6 位区划代码。"),
        ({"role": "county_officer", "area": "abc"}, "管辖范围要填 37 开头的区划代码。"),
        ({"role": "county_officer", "area": "370102", "phone": "123"}, "手机号应为 11 位，以 1 开头。"),
    ],
)
def test_an_administrator_gives_no_post_beyond_the_own_area(app, station, typed, sentence):
    admin = client_of(app, Role.SYSTEM_ADMIN)
    page = admin.post("/accounts/new", data={"name": "zhaomin", "staff_name": "赵敏"} | typed)
    assert page.status_code == 422
    assert sentence in page.text


def test_somebody_with_a_post_outside_is_not_the_administrators_to_touch(app, session):
    admin = client_of(app, Role.SYSTEM_ADMIN)
    both = make_account(app, [Role.CLERK, Role.PROVINCE_ADMIN])
    assert admin.get(f"/accounts/{both}").status_code == 404
    assert admin.post(f"/accounts/{both}/reset-password").status_code == 404


def test_nobody_closes_the_account_they_are_signed_in_with(app):
    admin = client_of(app, Role.SYSTEM_ADMIN, name="admin")
    with app.extensions["db"].read_session() as session:
        own = session.scalars(sa.select(Account.id).where(Account.name == "admin")).one()
    assert admin.post(f"/accounts/{own}/close").status_code == 404
    assert admin.get("/accounts").status_code == 200


def test_a_post_is_taken_away_at_once_and_the_others_stay(app, session):
    admin = client_of(app, Role.SYSTEM_ADMIN)
    account = make_account(app, [Role.HELPER, Role.CLERK], name="zhaomin")
    posts = {one.role: one.id for one in session.scalars(sa.select(Post).where(Post.account_id == account))}
    at_work = {}
    for role, post in posts.items():
        at_work[role] = app.test_client()
        sign_in(app, at_work[role], account)
        assert at_work[role].post("/sign-in/post", data={"post": post, "next": "/work"}).location == "/work"
    page = admin.get(f"/accounts/{account}")
    assert "同岗位的同事接着办" in page.text
    address = f"/accounts/{account}/posts/{posts['clerk']}/end"
    assert [admin.post(address).location for _tap in range(2)] == [f"/accounts/{account}?done=post"] * 2
    assert at_work["clerk"].get("/work").location.startswith("/sign-in?"), "who acted in it is signed out"
    assert at_work["helper"].get("/work").status_code == 200
    assert "镇街经办" not in admin.get(f"/accounts/{account}").text
    session.rollback()
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "account.end_post")).one()
    assert (entry.about_id, entry.county_code) == (account, "370102")
    assert entry.facts == {"role": "clerk", "area": "370102001", "ended": 1}


def test_whoever_loses_the_only_post_may_sign_in_and_do_nothing(app):
    client = client_of(app, name="zhaomin")
    assert run(app, "end-post", "zhaomin", "--role", "helper").output == "收回了 zhaomin 的一个岗位。\n"
    assert client.get("/work").location.startswith("/sign-in?")
    client.post("/sign-in", data={"name": "zhaomin", "password": PASSWORD})
    assert client.get("/work").location.startswith("/sign-in/post")
    assert "今天没有岗位" in client.get("/sign-in/post").text
    assert run(app, "end-post", "zhaomin", "--role", "helper").output.strip() == "zhaomin 没有这个岗位。"


@on_sqlite
def test_of_several_posts_of_a_kind_the_operator_says_which(app, session):
    account = make_account(app, Role.CLERK, name="zhaomin")
    with app.app_context():
        more = NewPost(Role.CLERK, "370102002", "ST002", "另一个站")
        operations.add_post(session, account, more, by=OPERATOR, now=NOW)
        session.commit()
    said = run(app, "end-post", "zhaomin", "--role", "clerk")
    assert (said.exit_code, "请加 --area 或 --station" in said.output) == (1, True)
    assert run(app, "end-post", "zhaomin", "--role", "clerk", "--station", "ST002").exit_code == 0
    ended = session.scalars(sa.select(Post.area).where(Post.ends_on.is_not(None))).all()
    assert ended == ["370102002"]


@on_sqlite
def test_nobody_takes_away_the_own_post_or_one_that_is_not_this_accounts(app, session):
    admin = client_of(app, Role.SYSTEM_ADMIN, name="admin")
    other = make_account(app, name="zhaomin")
    posts = {one.account_id: one.id for one in session.scalars(sa.select(Post))}
    own = next(id for id in posts if id != other)
    for account, post in ((own, posts[own]), (other, posts[own]), (other, "0" * 32)):
        assert admin.post(f"/accounts/{account}/posts/{post}/end").status_code == 404
    assert admin.get("/accounts").status_code == 200


def test_production_has_no_demo_accounts_and_prints_no_codes(sqlite_url, tmp_path):
    app = make_app(sqlite_url, tmp_path, mode="production")
    make_account(app, name="zhaomin")
    for command in (["demo"], ["demo-code", "zhaomin"]):
        said = run(app, *command)
        assert said.exit_code == 1
        assert "正式环境" in said.output


@pytest.mark.parametrize(
    "password",
    [
        "password123",
        "admin12345!",
        "aaaaaaaaaaaa",
        "1234567890",
        "qwertyuiop",
        "yibao20261122",
        "zhaomin12345",
        "abcdefghij",
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password):
    assert weakness(password, names=("zhaomin", "赵敏"))


@pytest.mark.parametrize("password", [PASSWORD, "plum lantern quarry", "泰山日出好风光九点半起床", "k7m2-x4q9-pd3w"])
def test_a_few_words_in_a_row_are_good_enough(password):
    assert weakness(password, names=("zhaomin", "赵敏", "")) is None


def test_full_width_letters_are_the_same_password():
    assert is_password(hash_password("ｐｌｕｍ lantern 9"), "plum lantern 9")
    assert not is_password(None, "plum lantern 9")


@pytest.mark.parametrize("name", ["zhaomin", "zhao.min-2", "abc"])
def test_a_sign_in_name_is_plain(name):
    assert check_name(name) == name
