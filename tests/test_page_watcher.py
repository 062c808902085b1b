"""The watcher of pages sees what it says it sees: a good page passes, each bad one is named."""

import pytest
from flask import Response

from tests.page_watcher import faults, header_faults

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'nonce-abc'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Type": "text/html; charset=utf-8",
    "Permissions-Policy": "camera=()",
}
GOOD = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>找站点 · 门口</title><script src="/a.js" nonce="abc" defer></script></head>
<body><main id="main"><h1>找站点</h1><p>一句话<br></p><svg><path d="M0 0"/></svg>
<a href="https://uri.amap.com/x">高德</a>
<form action="/search"><label for="q">找什么</label><input id="q" name="q"><button>找</button></form>
</main></body></html>"""
ENGLISH = GOOD.replace("zh-CN", "en")
for zh, en in (
    ("找站点", "Find"),
    ("门口", "Menkou"),
    ("一句话", "Words"),
    ("高德", "Amap"),
    ("找什么", "What"),
    ("找", "Go"),
):
    ENGLISH = ENGLISH.replace(zh, en)


def with_(new: str, old: str = "<p>一句话<br></p>") -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_page_passes():
    assert faults(GOOD, HEADERS) == []
    assert faults(ENGLISH, HEADERS) == []
    assert header_faults(HEADERS) == []


@pytest.mark.parametrize(
    ("html", "says"),
    [
        (with_("", "<h1>找站点</h1>"), "0 h1"),
        (with_("<h1>又一个</h1>"), "2 h1"),
        (with_("<title> · 门口</title>", "<title>找站点 · 门口</title>"), "no title"),
        (with_('<html lang="fr">', '<html lang="zh-CN">'), "no language"),
        (with_("<main>", '<main id="main">'), "nothing to skip to"),
        (with_('<p id="q"></p>'), "id q stands twice"),
        (with_('<p style="color:red">红</p>'), "inline style"),
        (with_("<style>p{}</style>"), "inline style"),
        (with_('<button onclick="x()">按</button>'), "inline handler onclick"),
        (with_('<button hx-on:click="x()">按</button>'), "inline handler hx-on:click"),
        (with_('<a href="https://example.com/">别家</a>'), "a link to example.com"),
        (with_('<a href="//example.com/">别家</a>'), "a link to example.com"),
        (with_('<a href="javascript:alert(1)">按</a>'), "a link that runs"),
        (with_('<a href="#nowhere">下面</a>'), "#nowhere leads nowhere"),
        (with_('<a href="/en" hreflang="en">English</a>'), "hreflang"),
        (with_('<img src="https://example.com/x.png" alt="">'), "img from a foreign host"),
        (with_('<img src="/x.png">'), "an image without alt"),
        (with_('<script src="/a.js"></script>'), "a script without the nonce"),
        (with_('<script nonce="abc">alert(1)</script>'), "a script in the page"),
        (with_('<input name="x">'), "field x has no label"),
        (with_('<label for="none">给谁的</label>'), "label for none points nowhere"),
        (with_("<fieldset><label><input name=y>甲</label></fieldset>"), "a fieldset without legend"),
        (with_('<p aria-describedby="gone">话</p>'), "aria-describedby gone points nowhere"),
        (with_("<form><button>找</button></form>"), "a form without action"),
        (with_('<a href="/x"><svg><path d="M0 0"/></svg></a>'), "a a without words"),
        (with_('<a href="/x">外<button>里</button></a>'), "a button inside another"),
        (with_("<p><ul><li>一</li></ul></p>"), "<ul> inside <p>"),
        (with_("<p>话"), "is not closed"),
        (with_("<div><p>话</div></p>"), "</div> closes"),
        (with_("<p>话</p></p>"), "</p> closes"),
        (with_("<div/>"), "<div/> does not close itself"),
        (with_('<p class="a" class="b">话</p>'), "<p> has class twice"),
        (with_('<p class="a"b">话</p>'), "<p> has an attribute"),
        (with_("<p>{{ name }}</p>"), "template words leaked"),
        (with_("<p>None</p>"), "a None is shown"),
        (
            with_('content="width=device-width,maximum-scale=1"', 'content="width=device-width,initial-scale=1"'),
            "zoomed",
        ),
        (with_(f"<p>{'长' * 20_000}</p>"), "bytes of HTML"),
        (GOOD.replace("<!doctype html>\n", ""), "not a whole page"),
        (ENGLISH.replace("Words", "还是中文"), "not translated: 还是中文"),
        (ENGLISH.replace("Words", "a ramp、seats"), "not translated: a ramp、seats"),
        (ENGLISH.replace("<button>", '<button aria-label="搜索">'), "not translated: 搜索"),
        (ENGLISH.replace('name="q"', 'name="q" placeholder="比如"'), "not translated: 比如"),
    ],
)
def test_a_bad_page_is_named(html, says):
    assert any(says in fault for fault in faults(html, HEADERS)), faults(html, HEADERS)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Security-Policy", ""),
        ("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors 'none'"),
        ("Content-Security-Policy", "default-src 'self'"),
        ("Permissions-Policy", "camera=*"),
        ("Referrer-Policy", "unsafe-url"),
        ("X-Content-Type-Options", ""),
        ("Set-Cookie", "big=1; SameSite=Lax"),
        ("Set-Cookie", "big=1; HttpOnly"),
    ],
)
def test_a_bad_header_is_named(header, value):
    assert header_faults(HEADERS | {header: value})


@pytest.mark.parametrize(
    ("header", "value"), [("Cache-Control", "public, max-age=60"), ("Content-Security-Policy", "default-src 'none'")]
)
def test_a_page_that_others_may_keep_or_script_is_named(header, value):
    assert faults(GOOD, HEADERS | {header: value})


def test_chinese_in_an_english_page_may_be_a_name_or_what_was_typed():
    named = ENGLISH.replace("Words", '<span lang="zh-CN">大桥村</span>')
    typed = ENGLISH.replace("Words", "Nothing for 外地看病")
    assert faults(named, HEADERS) == []
    assert faults(typed, HEADERS, typed=["外地看病"]) == []


def test_what_a_reader_types_may_look_like_a_template():
    page = with_("<p>{{ 7*7 }}</p>")
    assert faults(page, HEADERS, typed=["{{ 7*7 }}"]) == []


def test_a_fragment_is_read_too_but_needs_no_head():
    assert faults('<div id="results">找到了</div>', HEADERS, fragment=True) == []
    assert faults('<div id="results">找到了', HEADERS, fragment=True)
    assert faults('<div id="results">找到了</div>', HEADERS)


@pytest.mark.parametrize("encoding", ["br", "gzip", ""])
def test_every_answer_of_the_test_client_is_watched(app, encoding):
    app.add_url_rule("/bad", "bad", lambda: Response("<p>" + "话" * 1000, mimetype="text/html"))
    with pytest.raises(AssertionError, match="<p> is not closed"):
        app.test_client().get("/bad", headers={"Accept-Encoding": encoding})
