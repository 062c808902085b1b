"""门口校准: whoever stands at the door with the station's link says where it is; nobody else can, and it can be taken back."""

import io
import os
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from itsdangerous import URLSafeSerializer
from sqlalchemy.orm import Session

from common.ids import new_id
from maps.place import Datum, Place, from_wgs84, metres_between, pixel_of
from stations import door_links
from stations.clusters import rebuild
from stations.doors import READINGS_A_DAY, Conflict, Measured, history, keep_reading, put_back
from stations.models import DoorLink, DoorReading, Station, StationCluster
from stations.operations import Refused
from stations.queries import station as find
from stations.queries import verified_share
from tests.builders import SQUARE, door_link
from tests.common.pictures import photo
from tests.conftest import NOW, on_sqlite

SECRET = "t" * 40
TODAY = date(2026, 11, 23)
DOOR = Place(36.651531, 117.120412)  # 46 m from SQUARE
TYPED = {"lat": DOOR.lat, "lon": DOOR.lon, "acc": "6.4", "n": "8"}


@pytest.fixture
def session(database):
    """To look with; without an app context, in which all requests of a test would share one picture of the database."""
    with Session(database.engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def code(make) -> str:
    return make.station("近站", verified_on=date(2026, 3, 1), phone="0531-0000128")


@pytest.fixture
def link_to(database):
    """link_to(code): the path of a new link to that station's door."""
    return lambda code, days=30: "/stations/door/" + door_link(database, code, now=NOW, days=days)


@pytest.fixture
def link(link_to, code) -> str:
    return link_to(code)


def form(**more) -> dict:
    return TYPED | {"op": new_id()} | more


def rows(session) -> list[DoorReading]:
    session.rollback()
    return list(session.scalars(sa.select(DoorReading).order_by(DoorReading.at, DoorReading.id)))


def place_of(session, code: str) -> tuple:
    session.rollback()
    s = find(session, code)
    assert pixel_of(Place(s.lat, s.lon)) == (s.mx, s.my)
    return Place(s.lat, s.lon), s.datum, s.place_source, s.verified_on


def said(response) -> str:
    return BeautifulSoup(response.text, "html.parser").find("main").get_text(" ", strip=True)


def hidden(response, action: str) -> dict[str, str]:
    """What the form that goes to …action would send."""
    forms = BeautifulSoup(response.text, "html.parser").select("form")
    found = next(form for form in forms if form["action"].endswith(action))
    return {field["name"]: field.get("value", "") for field in found.select("input[type=hidden]")}


# The way of a helper


def test_a_helper_looks_saves_and_sees_it_in_the_history(client, session, code, link):
    page = client.get(link)
    assert "近站" in said(page)
    assert "12393" in said(page)

    look = client.post(link + "/look", data=TYPED)
    assert "离原来 46 米" in said(look)
    assert "约 6 米" in said(look)
    assert rows(session) == []  # looking keeps nothing

    saved = client.post(link, data=hidden(look, link))
    assert saved.status_code == 303
    page = client.get(saved.headers["Location"])
    assert "记好了，多谢您" in said(page)
    assert "门口实测·挪了 46 米·误差约 6 米" in said(page)

    (row,) = rows(session)
    assert (row.how, row.accuracy_m, row.readings, row.photo) == ("door", 6.4, 8, None)
    assert (row.old_lat, row.old_lon, row.old_place_source) == (*SQUARE, "test")
    assert (row.at, row.county_code) == (pytest.approx(NOW, abs=timedelta(minutes=5)), "370102")
    assert place_of(session, code) == (DOOR, "wgs84", "门口实测", TODAY)
    assert client.get(f"/api/v1/stations/{code}").json["verified_on"] == "2026-11-23"


def test_whoever_asks_for_the_check_page_anew_measures_anew(client, session, link):
    """大字 on that page leads back to its address with a GET; so does a phone that dropped the page for its camera."""
    again = client.get(link + "/look")
    assert (again.status_code, again.headers["Location"]) == (303, link)
    assert "量门口的位置" in said(client.get(link))
    assert client.get(link[:-2] + "xx/look", follow_redirects=True).status_code == 404
    assert rows(session) == []


def test_the_finder_finds_it_at_its_new_place(client, code, link):
    client.post(link, data=form())
    (row,) = client.get("/api/v1/stations", query_string={"lat": DOOR.lat, "lon": DOOR.lon}).json["stations"]
    assert row["metres"] == 0


def test_the_maps_counts_follow(client, session, code, link):
    rebuild(session)
    session.commit()
    client.post(link, data=form(lat=36.8, lon=117.3))
    session.rollback()
    counts = {}
    for keep in (True, False):
        counts[keep] = cells(session)
        rebuild(session)
    assert counts[True] == counts[False]


def cells(session) -> list[tuple]:
    """Every count of the map, whole."""
    table = StationCluster.__table__
    return [tuple(row) for row in session.execute(sa.select(table).order_by(table.c.zoom, table.c.cx, table.c.cy))]


def test_neighbours_measured_at_the_same_moment_are_all_kept_and_counted(app, session, make, link_to):
    """They share a cell of the map, whose counts are written anew with each."""
    codes = [make.station(f"{number}站", SQUARE) for number in range(4)]
    rebuild(session)
    session.commit()
    statuses = []

    def measure(link: str) -> None:
        for number in range(3):
            sent = form(lat=DOOR.lat + number / 10_000)
            statuses.append(app.test_client().post(link, data=sent).status_code)

    threads = [threading.Thread(target=measure, args=(link_to(code),)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [303] * 12
    assert len(rows(session)) == 12
    assert {cell.n for cell in session.scalars(sa.select(StationCluster))} == {4}
    kept = cells(session)
    rebuild(session)
    assert kept == cells(session)


def test_a_double_tap_is_one_reading(client, session, code, link):
    twice = form()
    assert [client.post(link, data=twice).status_code for _ in range(2)] == [303, 303]
    assert len(rows(session)) == 1


def test_two_taps_at_the_same_moment_are_one_reading(app, session, code, link):
    twice, statuses = form(photo=None), []

    def tap() -> None:
        with photo_file() as sent:
            statuses.append(app.test_client().post(link, data=twice | {"photo": (sent, "door.jpg")}).status_code)

    threads = [threading.Thread(target=tap) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [303] * 4
    assert len(rows(session)) == 1
    assert len(photos(app)) == 1  # the others' photos are gone again


def test_the_same_form_with_another_place_is_refused(client, session, code, link):
    once = form()
    client.post(link, data=once)
    again = client.post(link, data=once | {"lat": "36.66"})
    assert again.status_code == 409
    assert "这张表已经用过了" in said(again)
    assert place_of(session, code)[0] == DOOR


# What is odd is said before it is saved


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place(SQUARE.lat + 0.0265, SQUARE.lon), "超过 2 公里"),
        (Place(SQUARE.lat + 0.15, SQUARE.lon), "不在本县"),
        (from_wgs84(SQUARE, Datum.GCJ02), "高德坐标的偏移"),
    ],
)
@on_sqlite
def test_an_odd_place_is_doubted_but_can_be_kept(client, session, code, link, place, words):
    look = client.post(link + "/look", data=TYPED | {"lat": place.lat, "lon": place.lon})
    assert words in said(look)
    assert "确实在这里，记下" in said(look)
    assert client.post(link, data=hidden(look, link)).status_code == 303
    assert metres_between(place_of(session, code)[0], place) < 0.2


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\u202e站\u200f", "'\"><img src=x>", "名" * 120], ids=range(4)
)
def test_a_hostile_name_is_only_text_at_the_door_and_in_the_terminal(app, client, make, link_to, name):
    code = make.station(name, address="</b><script>")
    link = link_to(code)
    for answer in (client.get(link), client.post(link + "/look", data=TYPED), client.post(link, data=form(lat="x"))):
        main = BeautifulSoup(answer.text, "html.parser").main
        assert main.find("b").text == name
        assert not main.find_all(["script", "img"])
    listed = app.test_cli_runner().invoke(args=["stations", "door-links"]).output
    assert listed.endswith(name.replace("\u202e", "\ufffd").replace("\u200f", "\ufffd") + "\n")


def test_a_usual_place_is_not_doubted(client, code, link):
    look = client.post(link + "/look", data=TYPED)
    assert "请再看一眼" not in said(look)
    assert "就记这里" in said(look)


def test_a_county_without_a_line_is_not_doubted(client, make, link_to):
    link = link_to(make.station("新区站", county_code="370199"))
    assert "请再看一眼" not in said(client.post(link + "/look", data=TYPED))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"lat": ""}, "请填写纬度"),
        ({"lat": "abc"}, "没量到位置"),
        ({"lat": "nan"}, "没量到位置"),
        ({"lat": "95"}, "纬度应在"),
        ({"lat": "117.12", "lon": "36.65"}, "填反了"),
        ({"acc": "101"}, "误差超过 100 米"),
        ({"acc": "-1"}, "误差超过 100 米"),
        ({"acc": "inf"}, "误差超过 100 米"),
        ({"n": "0"}, "没量到位置"),
        ({"n": "11"}, "没量到位置"),
        ({"op": "short"}, "这张表不完整"),
        ({"op": "../../etc/passwd"}, "这张表不完整"),
    ],
)
@on_sqlite
def test_what_no_phone_measures_is_refused_in_one_sentence(client, session, code, link, wrong, words):
    answers = [client.post(link, data=form(**wrong))]
    if "op" not in wrong:
        answers.append(client.post(link + "/look", data=TYPED | wrong))
    for answer in answers:
        assert answer.status_code == 422
        assert words in said(answer)
    assert rows(session) == []


# The link is the right


def tokens(id: str) -> dict[str, str]:
    good = door_links.sign(SECRET, id)
    body, signature = good.rsplit(".", 1)
    other_body = door_links.sign("x" * 40, new_id()).rsplit(".", 1)[0]
    return {
        "another secret": door_links.sign("x" * 40, id),
        "another purpose": URLSafeSerializer(SECRET, salt="cookie-session").dumps(id),
        "no salt": URLSafeSerializer(SECRET).dumps(id),
        "another link's body": f"{other_body}.{signature}",
        "a changed letter": ("A" if body[0] != "A" else "B") + body[1:] + "." + signature,
        "a changed signature": f"{body}.{signature[:-2]}AA",
        "no signature": body,
        "an empty signature": body + ".",
        "cut short": good[: len(good) // 2],
        "the number itself": id,
        "of the wrong shape": URLSafeSerializer(SECRET, salt=door_links.SALT).dumps({"id": id}),
        "of a release before": URLSafeSerializer(SECRET, salt=door_links.SALT).dumps(["LS1", 4e9]),
        "long": good * 50,
    }


@pytest.mark.parametrize("how", tokens("x"))
@on_sqlite
def test_a_token_that_is_not_ours_opens_nothing(client, session, code, link, how):
    url = "/stations/door/" + tokens(session.scalars(sa.select(DoorLink.id)).one())[how]
    answers = [client.get(url), client.post(url, data=form()), client.post(url + "/look", data=TYPED)]
    answers.append(client.post(url + "/back", data={"op": new_id(), "of": new_id()}))
    for answer in answers:
        assert answer.status_code == 404
        assert "这个链接不完整" in said(answer)
    assert rows(session) == []


def test_a_link_that_has_ended_says_so(client, session, code, link_to):
    forgotten = "/stations/door/" + door_links.sign(SECRET, new_id())  # its row went long ago
    for url in (link_to(code, days=0), link_to(code, days=-1), forgotten):
        for answer in (client.get(url), client.post(url, data=form()), client.post(url + "/look", data=TYPED)):
            assert answer.status_code == 410
            assert "这个链接不能用了" in said(answer)
    assert rows(session) == []


def test_a_link_is_good_until_its_last_moment(session, code, link):
    id = session.scalars(sa.select(DoorLink.id)).one()
    last = NOW + timedelta(days=30)
    assert door_links.station_of(session, id, now=last - timedelta(seconds=1)).code == code
    assert door_links.station_of(session, id, now=last) is None


def test_one_link_is_ended_and_the_others_hold(app, client, session, make, code, link, link_to):
    other, neighbours = link_to(code), link_to(make.station("邻站"))

    def run(*words: str):
        return app.test_cli_runner().invoke(args=["stations", *words])

    listed = run("door-links").output.splitlines()
    assert len(listed) == 3
    assert all(token.rsplit("/", 1)[1] not in run("door-links").output for token in (link, other, neighbours))
    first = next(row for row in session.scalars(sa.select(DoorLink).order_by(DoorLink.id)))
    assert f"{first.id}  2026-12-23  {code}  近站" in listed

    assert "停用了" in run("door-link-end", first.id).output
    assert [client.get(url).status_code for url in (link, other, neighbours)] == [410, 200, 200]
    assert "停用了" in run("door-link-end", f"https://menkou.example{other}").output  # the link itself, as it was sent
    assert [client.get(url).status_code for url in (link, other, neighbours)] == [410, 410, 200]
    assert len(run("door-links", "--county", "370102").output.splitlines()) == 1
    assert run("door-links", "--county", "370103").output.strip() == "没有还能用的链接。"
    for again in (first.id, "nonsense", "", link + "x"):
        result = run("door-link-end", again)
        assert (result.exit_code, "没有这个编号的链接" in result.output) == (1, True)


def test_rows_of_links_that_ended_long_ago_go_with_the_next_one(session, code, link_to):
    for days in (-91, -89, 30):
        link_to(code, days=days)
    assert session.scalar(sa.select(sa.func.count()).select_from(DoorLink)) == 2


def test_one_stations_link_cannot_touch_another(client, session, make, code, link, link_to):
    another = make.station("别站")
    client.post(link_to(another), data=form())
    (reading,) = rows(session)
    before = place_of(session, another)

    answer = client.post(link + "/back", data={"op": new_id(), "of": reading.id})
    assert answer.status_code == 409
    answer = client.post(link, data=form(op=reading.id))
    assert answer.status_code == 409
    assert place_of(session, another) == before
    assert place_of(session, code)[0] == SQUARE


def test_a_search_engine_is_told_to_stay_away(client, link):
    assert client.get(link).headers["X-Robots-Tag"] == "noindex"


# And the way back


def test_the_place_before_comes_back_whole(client, session, code, link):
    before = place_of(session, code)
    client.post(link, data=form())
    page = client.get(link)
    sent = hidden(page, "/back")

    for _ in range(2):  # a double tap
        answer = client.post(link + "/back", data=sent)
        assert answer.status_code == 303
    assert "改回来了" in said(client.get(answer.headers["Location"]))

    assert place_of(session, code) == before
    assert [row.how for row in rows(session)] == ["door", "back"]
    assert "改回上一个·挪了 46 米" in said(client.get(link))


def test_what_was_put_back_can_be_put_back_too(client, session, code, link):
    client.post(link, data=form())
    measured = place_of(session, code)
    for _ in range(2):
        client.post(link + "/back", data=hidden(client.get(link), "/back"))
    assert place_of(session, code) == measured
    assert [row.how for row in rows(session)] == ["door", "back", "back"]


def test_only_the_last_reading_can_be_undone(client, session, code, link):
    client.post(link, data=form())
    old = hidden(client.get(link), "/back")
    client.post(link, data=form(lat="36.6520"))
    answer = client.post(link + "/back", data=old)
    assert answer.status_code == 409
    assert "位置后来又改过" in said(answer)
    assert place_of(session, code)[0].lat == 36.652


def test_after_a_roster_has_moved_it_there_is_nothing_to_undo(client, session, code, link):
    client.post(link, data=form())
    sent = hidden(client.get(link), "/back")
    session.execute(sa.update(Station).where(Station.code == code).values(lat=36.7))
    session.commit()
    assert "改回上一个" not in client.get(link).text
    assert client.post(link + "/back", data=sent).status_code == 409


def test_without_a_reading_there_is_nothing_to_undo(client, session, code, link):
    assert "改回上一个" not in client.get(link).text
    answer = client.post(link + "/back", data={"op": new_id(), "of": new_id()})
    assert answer.status_code == 409


def test_a_station_is_measured_twenty_times_a_day_at_most(session, code):
    found = find(session, code)
    for number in range(READINGS_A_DAY):
        place = Place(SQUARE.lat + number / 10_000, SQUARE.lon)
        keep_reading(session, found.id, new_id(), Measured(place, 5, 3), photo=None, now=NOW)
    with pytest.raises(Refused, match="今天量得太多了"):
        keep_reading(session, found.id, new_id(), Measured(DOOR, 5, 3), photo=None, now=NOW)
    last = history(session, found.id)[0]
    with pytest.raises(Refused, match="今天量得太多了"):
        put_back(session, found.id, new_id(), last.id, now=NOW)
    keep_reading(session, found.id, new_id(), Measured(DOOR, 5, 3), photo=None, now=NOW + timedelta(days=1))


def test_an_operations_id_serves_one_purpose(session, code):
    found = find(session, code)
    row, _new = keep_reading(session, found.id, new_id(), Measured(DOOR, 5, 3), photo=None, now=NOW)
    with pytest.raises(Conflict):
        put_back(session, found.id, row.id, row.id, now=NOW)


# The photo


def photo_file(**facts):
    return io.BytesIO(photo(**facts))


def multipart(sent: bytes, fields: dict) -> dict:
    """The same as test clients write it, without their temporary file."""
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    body += b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n' + sent + b"\r\n--x--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=x"}


def photos(app) -> list[Path]:
    folder = Path(app.config["SETTINGS"].data_dir) / "doors"
    return sorted(folder.glob("*")) if folder.exists() else []


def test_a_photo_is_kept_where_only_the_operator_sees_it(app, client, session, code, link):
    client.post(link, data=form(photo=(photo_file(), "../../IMG_20260101_王芳.jpg")))
    (row,) = rows(session)
    (file,) = photos(app)
    assert file.name == row.photo
    assert len(file.stem) == 32
    assert file.suffix == ".jpg"
    assert file.stat().st_mode & 0o077 == 0
    assert client.get(f"/doors/{file.name}").status_code == 404


def test_a_photo_as_large_as_phones_make_them_is_kept_small(app, client, session, code, link):
    client.post(link, **multipart(photo(3000, 2250, noise=True, quality=90), form()))
    assert len(rows(session)) == 1
    (file,) = photos(app)
    assert 10_000 < file.stat().st_size <= 300_000


def test_without_a_photo_it_is_kept_too(app, client, session, code, link):
    client.post(link, data=form(photo=(io.BytesIO(b""), "")))
    assert [row.photo for row in rows(session)] == [None]
    assert photos(app) == []


def test_a_bad_photo_keeps_the_form_and_nothing_else(app, client, session, code, link):
    answer = client.post(link, data=form(photo=(photo_file(kind="GIF"), "door.jpg")))
    assert answer.status_code == 422
    assert "这张照片打不开" in said(answer)
    assert rows(session) == []
    assert photos(app) == []
    again = client.post(link, data=hidden(answer, link))
    assert again.status_code == 303


def test_a_photo_of_twelve_megabytes_is_refused_with_a_sentence(app, client, session, code, link):
    answer = client.post(link, **multipart(b"\xff\xd8" + b"x" * 12_000_000, form()))
    assert answer.status_code == 413
    assert "照片太大，最多 10 MB" in said(answer)
    assert rows(session) == []


def test_a_photo_whose_reading_is_refused_does_not_stay(app, client, session, code, link):
    used = form()
    client.post(link, data=used)
    answer = client.post(link, data=used | {"lat": "36.66", "photo": (photo_file(), "door.jpg")})
    assert answer.status_code == 409
    assert photos(app) == []


def test_after_too_many_readings_no_photo_is_unpacked(app, client, session, code, link, monkeypatch):
    monkeypatch.setattr("stations.doors.READINGS_A_DAY", 1)
    client.post(link, data=form())
    monkeypatch.setattr("common.pictures._opened", None)  # whoever unpacks one falls over
    answer = client.post(link, data=form(photo=(photo_file(), "door.jpg")))
    assert answer.status_code == 429
    assert "这个站点今天量得太多了" in said(answer)
    assert photos(app) == []


def test_photos_are_listed_and_deleted_by_station_and_age(app, client, session, make, code, link, link_to):
    other = make.station("别站")
    for url in (link, link, link_to(other)):
        client.post(url, data=form(photo=(photo_file(), "door.jpg")))
    first = rows(session)[0]
    session.execute(sa.update(DoorReading).where(DoorReading.id == first.id).values(at=NOW - timedelta(days=100)))
    session.commit()
    oldest = photos(app)[0].with_name(first.photo)
    left = oldest.with_name("left.jpg")
    left.write_bytes(b"x")  # an interrupted reading's
    os.utime(left, (NOW.timestamp() - 86400 * 50,) * 2)

    def run(*words: str) -> list[str]:
        result = app.test_cli_runner().invoke(args=["stations", "door-photos", *words])
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    assert len(run()) == 4
    assert run()[0] == f"2026-08-15 10:00  {code}  近站  {oldest}"
    assert "没有记录" in run()[1]
    assert [code in line for line in run("--station", code)] == [True, True]
    assert run("--older-than", "90", "--delete") == ["删了 1 张照片。"]
    assert [row.photo is None for row in rows(session)].count(True) == 1
    assert not oldest.exists()
    assert run("--older-than", "30", "--delete") == ["删了 1 张照片。"]
    assert not left.exists()
    assert run("--station", other, "--delete") == ["删了 1 张照片。"]
    photos(app)[0].unlink()  # by hand, or a run that was interrupted
    assert "（文件不在）" in run()[0]
    assert run("--older-than", "0", "--delete") == ["删了 1 张照片。"]
    assert run() == ["没有照片。"]
    assert len(rows(session)) == 3


@pytest.mark.parametrize(
    ("words", "sentence"), [(("--delete",), "删哪些"), (("--station", "LS404"), "没有编码是 LS404 的站点")]
)
def test_photos_are_not_deleted_without_saying_which(app, client, session, code, link, words, sentence):
    client.post(link, data=form(photo=(photo_file(), "door.jpg")))
    result = app.test_cli_runner().invoke(args=["stations", "door-photos", *words])
    assert (result.exit_code, sentence in result.output) == (1, True)
    assert len(photos(app)) == 1


# Commands, and the share for the map


def test_a_link_is_printed_and_opens(app, client, code):
    result = app.test_cli_runner().invoke(args=["stations", "door-link", code, "--days", "7"])
    assert result.exit_code == 0, result.output
    url = result.stdout.strip()
    assert url.startswith("/stations/door/")
    assert "近站，2026-11-30前有效" in result.stderr
    assert client.get(url).status_code == 200


def test_a_link_for_an_unknown_station_is_refused(app):
    result = app.test_cli_runner().invoke(args=["stations", "door-link", "LS404"])
    assert result.exit_code == 1
    assert "没有编码是 LS404 的站点" in result.output


def test_the_share_of_verified_stations_counts_open_ones_by_county(app, session, make):
    make.station("核实过", verified_on=TODAY)
    make.station("没核实")
    make.station("关了的", verified_on=TODAY, open=False)
    make.station("别县", county_code="370103")
    assert verified_share(session) == {"370102": (1, 2), "370103": (0, 1)}

    result = app.test_cli_runner().invoke(args=["stations", "verified"])
    assert result.output.splitlines()[1:] == ["370102,历下区,2,1,0.500", "370103,历下区,1,0,0.000"]
    result = app.test_cli_runner().invoke(args=["stations", "verified", "--county", "370103"])
    assert len(result.output.splitlines()) == 2
