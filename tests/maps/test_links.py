"""Links to navigation apps: each in its own datum and order, whatever the name."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.links import UNNAMED, navigation_links
from maps.place import Datum, Place, metres_between, to_wgs84
from maps.reach import Mode

HERE = Place(36.6512, 117.1201)
NAME = "大桥村医保工作站"
# What an address may hold without being misread in an attribute, a script, a template or a log.
SAFE_URL = re.compile(r"(https://[a-z.]+/[a-z0-9/]+\?|geo:)[A-Za-z0-9%&=.,?:()_~-]+")


def urls(place: Place = HERE, name: str = NAME, mode: Mode = Mode.WALK) -> dict[str, str]:
    return {link.app: link.url for link in navigation_links(place, name, mode)}


def query(url: str) -> dict[str, str]:
    return {key: value for key, (value,) in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def spots(found: dict[str, str]) -> dict[str, Place]:
    """Where each link leads, read the way its app reads it, brought back to WGS-84."""
    lon, lat, _name = query(found["amap"])["to"].split(",")
    amap = Place(float(lat), float(lon))
    baidu = Place(*map(float, query(found["baidu"])["location"].split(",")))
    tencent = Place(*map(float, query(found["tencent"])["tocoord"].split(",")))
    geo = Place(*map(float, found["geo"].removeprefix("geo:").partition("?")[0].split(",")))
    return {
        "amap": to_wgs84(amap, Datum.GCJ02),
        "baidu": to_wgs84(baidu, Datum.BD09),
        "tencent": to_wgs84(tencent, Datum.GCJ02),
        "geo": geo,
    }


def names(found: dict[str, str]) -> list[str]:
    """The name as each app will show it."""
    baidu = query(found["baidu"])
    assert baidu["title"] == baidu["content"]
    bracketed = re.fullmatch(r"[-0-9.]+,[-0-9.]+\((.*)\)", query(found["geo"])["q"], re.DOTALL)
    return [query(found["amap"])["to"].split(",")[2], baidu["title"], query(found["tencent"])["to"], bracketed[1]]


def test_the_four_links_are_these():
    encoded = "%E5%A4%A7%E6%A1%A5%E6%9D%91%E5%8C%BB%E4%BF%9D%E5%B7%A5%E4%BD%9C%E7%AB%99"
    assert list(navigation_links(HERE, NAME)) == [
        (
            "amap",
            f"https://uri.amap.com/navigation?to=117.126228,36.651630,{encoded}&mode=walk&src=menkou&callnative=1",
        ),
        (
            "baidu",
            f"https://api.map.baidu.com/marker?location=36.657965,117.132632&title={encoded}&content={encoded}"
            "&output=html&coord_type=bd09ll&src=webapp.menkou.menkou",
        ),
        (
            "tencent",
            f"https://apis.map.qq.com/uri/v1/routeplan?type=walk&to={encoded}&tocoord=36.651630,117.126228"
            "&coord_type=2&referer=menkou",
        ),
        ("geo", f"geo:36.651200,117.120100?q=36.651200,117.120100({encoded})"),
    ]


@given(st.builds(Place, st.floats(34.4, 38.4), st.floats(114.8, 122.7)))
@settings(deadline=None)
def test_every_app_leads_to_the_same_doorstep(here):
    for app, there in spots(urls(here)).items():
        assert metres_between(here, there) < 0.2, app


@pytest.mark.parametrize(
    ("mode", "amap", "tencent"),
    [(Mode.WALK, "walk", "walk"), (Mode.EBIKE, "ride", "walk"), (Mode.CAR, "car", "drive")],
)
def test_the_way_of_going_is_handed_on(mode, amap, tencent):
    found = urls(mode=mode)
    assert query(found["amap"])["mode"] == amap
    assert query(found["tencent"])["type"] == tencent


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (NAME, NAME),
        ("${alert(1)}`", "${alert(1)}`".replace("(", "（").replace(")", "）")),
        ("</script><script>", "</script><script>"),
        ("\"><img src=x onerror='y'>", "\"><img src=x onerror='y'>"),
        ("a&mode=car#x?y=1;z%00", "a&mode=car#x?y=1;z%00"),
        ("大桥,村,1,2", "大桥，村，1，2"),
        ("大桥村(南)", "大桥村（南）"),
        ("a\u202e站作工\u200b\u2066b", "a站作工b"),
        ("上\r\n\t 下\u2028行\x00\x1b", "上 下 行"),
        ("\ud800村\udfff", "村"),
        ("🏥站👩‍⚕️", "🏥站👩⚕️"),
        ("𫖯仰村·𱁬", "𫖯仰村·𱁬"),
        (
            "\U000323af站\ue000",
            "\U000323af站\ue000",
        ),  # newer than Python's tables; private use, as 医保 systems still send
        ("长" * 400, "长" * 60),
        ("\u202e" * 400 + "站", "站"),
        ("", UNNAMED),
        (" \n\u200b", UNNAMED),
    ],
)
def test_any_name_is_shown_and_breaks_nothing(name, shown):
    found = urls(name=name)
    assert names(found) == [shown] * 4
    for url in found.values():
        assert SAFE_URL.fullmatch(url)


@given(st.text(max_size=100))
@settings(deadline=None, max_examples=300)
def test_no_name_can_move_the_place(name):
    found = urls(name=name)
    assert all(SAFE_URL.fullmatch(url) for url in found.values())
    assert len(set(names(found))) == 1
    assert 1 <= len(names(found)[0]) <= 60
    assert spots(found) == spots(urls())


def test_abroad_all_apps_get_the_plain_position():
    found = urls(Place(48.8566, 2.3522))
    assert spots(found) == dict.fromkeys(found, Place(48.8566, 2.3522))
