"""Every answer that any test gets from the test client is looked at here as well: headers of all, HTML of pages.

tests/test_page_watcher.py holds a bad page for each thing that is looked for.
"""

import gzip
import re
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from urllib.parse import parse_qsl

import brotli
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

MAX_PAGE = 60_000  # bytes of HTML before compression
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SVG_EMPTY = {"path", "circle", "rect", "use", "line"}
NOT_IN_P = {"p", "div", "ul", "ol", "dl", "section", "form", "table", "fieldset", "details", "nav", "h1", "h2", "h3"}
HOSTS_ALLOWED_IN_LINKS = {"uri.amap.com", "api.map.baidu.com", "apis.map.qq.com"}
SHOWN_ATTRIBUTES = ("placeholder", "aria-label", "title", "alt", "data-done", "data-asking", "data-refused")
EVERY_ANSWER = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
EVERY_PAGE = {"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"}
_sound: set[int] = set()  # pages that nothing is wrong with
CHINESE = re.compile(r"[\u3001-\u3011\u4e00-\u9fff\uff01-\uff5e]")  # characters, and full-width punctuation


class WatchingClient(FlaskClient):
    def open(self, *args, **kwargs) -> TestResponse:
        with self.application.app_context():  # its own, as a server gives it: a test may hold another open
            response = super().open(*args, **kwargs)
        sent = kwargs.get("data")
        fields = parse_qsl(sent) if isinstance(sent, str) else sent.items() if isinstance(sent, dict) else []
        watch(response, [value for _name, value in fields])
        return response


def watch(response: TestResponse, sent: Iterable[str] = ()) -> None:
    """Raise AssertionError when the answer is not one we would send to a reader. `sent`: what a form said."""
    problems = header_faults(response.headers)
    request = response.request
    if response.mimetype == "text/html" and response.status_code // 100 != 3 and request.method != "HEAD":
        html = plain(response).decode()
        typed = [*(value for _name, value in parse_qsl(request.query_string.decode(errors="replace"))), *sent]
        fragment = bool(request.headers.get("HX-Request"))
        said = (response.headers.get(name) for name in ("Content-Security-Policy", "Cache-Control"))
        page = hash((html, fragment, *said, *map(str, typed)))
        if page not in _sound:  # most tests begin on the same pages, and looking at one takes as long as making it
            problems += faults(html, response.headers, fragment=fragment, typed=typed)
            _sound.update([] if problems else [page])
    assert not problems, f"{request.path}: " + "; ".join(problems)


def header_faults(headers: Mapping[str, str]) -> list[str]:
    """What is wrong with the headers of any answer, in words."""
    is_page = headers.get("Content-Type", "").startswith("text/html")
    wanted = EVERY_ANSWER | (EVERY_PAGE if is_page else {})
    found = [f"{name} is not {value}" for name, value in wanted.items() if headers.get(name) != value]
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy or "unsafe" in policy:
        found.append("a weak content policy")
    if is_page and "camera=()" not in headers.get("Permissions-Policy", ""):
        found.append("no Permissions-Policy")
    for cookie in [value for name, value in headers.items() if name == "Set-Cookie"]:
        if not re.search(r"; HttpOnly", cookie) or not re.search(r"; SameSite=Lax", cookie):
            found.append(f"cookie {cookie.split('=')[0]} is not HttpOnly and SameSite=Lax")
    return found


def faults(html: str, headers: Mapping[str, str], *, fragment: bool = False, typed: Iterable[str] = ()) -> list[str]:
    """What is wrong with a page (or a fragment for htmx), in words.

    typed: what the reader sent; it may come back in any language, and with any signs in it.
    """
    typed = [words.strip() for words in map(str, typed) if words.strip()]
    soup = BeautifulSoup(html, "html.parser")
    for unseen in soup.find_all("template"):  # a script fills it in before anybody sees it
        unseen.decompose()
    found = _unbalanced(html) + _inside_faults(soup)
    if not any("{{" in words or "{%" in words or "Undefined" in words for words in typed):
        found += [f"template words leaked: {word}" for word in ("{{", "{%", "Undefined") if word in html]
    whole = html.lstrip().lower().startswith("<!doctype html>")
    if not whole and not fragment:
        found.append("not a whole page: no doctype")
    if whole:
        found += _whole_page_faults(soup, headers)
        size = len(html.encode()) - 12 * sum(len(words.encode()) for words in typed)  # fields and links repeat it
        if size > MAX_PAGE:
            found.append(f"{size:,} bytes of HTML, more than {MAX_PAGE:,}")
        if soup.html and soup.html.get("lang") == "en":
            found += _chinese_left(soup, typed)
        elif any(text.strip() == "None" for text in soup.find_all(string="None")) and "None" not in typed:
            found.append("a None is shown")
    return found


def plain(response: TestResponse) -> bytes:
    """What was sent, decompressed."""
    decode = {"br": brotli.decompress, "gzip": gzip.decompress}.get(response.headers.get("Content-Encoding", ""), bytes)
    return decode(response.data)


def _inside_faults(soup: BeautifulSoup) -> list[str]:
    for tag in soup.find_all("template"):  # nobody sees it before a script has filled it
        tag.extract()
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    found = [f"id {name} stands twice" for name in {name for name in ids if ids.count(name) > 1}]
    if soup.find(style=True) or soup.find("style"):
        found.append("inline style: the CSP refuses it")
    for tag in soup.find_all(True):
        found += [f"inline handler {name}" for name in tag.attrs if name.startswith(("on", "hx-on"))]
        for name in ("aria-describedby", "aria-labelledby", "aria-controls"):
            found += [f"{name} {to} points nowhere" for to in tag.get(name, "").split() if to not in ids]
    for field in soup.find_all(["input", "select", "textarea"]):
        if field.get("type") in {"hidden", "submit"}:
            continue
        named = field.get("aria-label") or field.find_parent("label")
        if not named and not (field.get("id") and soup.find("label", attrs={"for": field["id"]})):
            found.append(f"field {field.get('name')} has no label")
    for label in soup.find_all("label", attrs={"for": True}):
        if label["for"] not in ids:
            found.append(f"label for {label['for']} points nowhere")
    for group in soup.find_all("fieldset"):
        if not group.find("legend"):
            found.append("a fieldset without legend")
    for form in soup.find_all("form"):
        if not form.get("action"):
            found.append("a form without action")
    for image in soup.find_all("img"):
        if image.get("alt") is None:
            found.append("an image without alt")
    for tag in soup.find_all(["a", "button"]):
        if not (tag.get_text(strip=True) or tag.get("aria-label") or tag.find("img", alt=True)):
            found.append(f"a {tag.name} without words")
        if tag.find_parent(["a", "button"]):
            found.append(f"a {tag.name} inside another")
    for tag in soup.find_all("p"):
        found += [f"<{inner.name}> inside <p>: browsers close the p before it" for inner in tag.find_all(NOT_IN_P)]
    return found + _address_faults(soup)


def _address_faults(soup: BeautifulSoup) -> list[str]:
    found = []
    for tag in soup.find_all("a"):
        target = tag.get("href", "")
        host = re.match(r"(?:https?:)?//([^/?#]+)", target)
        if host and host.group(1) not in HOSTS_ALLOWED_IN_LINKS:
            found.append(f"a link to {host.group(1)}")
        if re.match(r"(javascript|data|vbscript):", target.strip(), re.I):
            found.append(f"a link that runs: {target[:20]}")
        if tag.get("hreflang"):
            found.append("hreflang: the language is a cookie, an address has no language of its own")
    for tag in soup.find_all(["script", "link", "img", "iframe", "form", "source", "use"]):
        target = tag.get("src") or tag.get("href") or tag.get("action") or ""
        if re.match(r"([a-z]+:)?//|data:", target):
            found.append(f"{tag.name} from a foreign host")
        if tag.get("hreflang"):
            found.append("hreflang: the language is a cookie, an address has no language of its own")
    return found


def _whole_page_faults(soup: BeautifulSoup, headers: Mapping[str, str]) -> list[str]:
    found = []
    if len(soup.find_all("h1")) != 1:
        found.append(f"{len(soup.find_all('h1'))} h1")
    if not soup.title or not re.sub(r"·\s*\w+\s*$", "", soup.title.get_text()).strip():
        found.append("no title")
    if soup.html is None or soup.html.get("lang") not in {"zh-CN", "en"}:
        found.append("no language")
    if not soup.find(id="main"):
        found.append("nothing to skip to")
    ids = {tag["id"] for tag in soup.find_all(id=True)}
    for tag in soup.find_all("a", href=re.compile("^#.")):
        if tag["href"][1:] not in ids:
            found.append(f"{tag['href']} leads nowhere")
    viewport = soup.find("meta", attrs={"name": "viewport"})
    content = viewport.get("content", "") if viewport else ""
    if "width=device-width" not in content or re.search("maximum-scale|user-scalable|minimum-scale", content):
        found.append("the page cannot be zoomed, or has no viewport")
    nonce = re.search(r"'nonce-([^']+)'", headers.get("Content-Security-Policy", ""))
    if not nonce:
        found.append("a content policy without nonce")
    for script in soup.find_all("script"):
        if script.get("type") == "application/json":
            continue
        if script.get("nonce") != (nonce and nonce.group(1)):
            found.append("a script without the nonce")
        if script.string:
            found.append("a script in the page: put it into static/")
    caching = headers.get("Cache-Control", "")
    if "private" not in caching and "no-store" not in caching:
        found.append("a page that a shared cache may keep")
    return found


def _chinese_left(soup: BeautifulSoup, typed: Iterable[str]) -> list[str]:
    """In English, Chinese may stand only where lang="zh" says so (names, official titles, sources), or was typed."""
    for tag in soup.find_all(lang=re.compile("^zh")):
        tag.extract()
    shown = [str(text) for text in soup.find_all(string=CHINESE) if text.parent.name != "textarea"]
    shown += [tag[name] for tag in soup.find_all(True) for name in SHOWN_ATTRIBUTES if tag.get(name)]
    left = [text.strip() for text in shown if CHINESE.search(text) and not any(words in text for words in typed)]
    return [f"not translated: {text[:30]}" for text in left]


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        names = [name for name, _value in attrs]
        self.faults += [f"<{tag}> has {name} twice" for name in set(names) if names.count(name) > 1]
        self.faults += [
            f"<{tag}> has an attribute {name}" for name in names if not re.fullmatch(r"[a-z][\w:.-]*", name)
        ]
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        if tag not in VOID | SVG_EMPTY:
            self.faults.append(f"<{tag}/> does not close itself in HTML")

    def handle_endtag(self, tag) -> None:
        if self.open_tags and self.open_tags[-1] == tag:
            self.open_tags.pop()
        else:
            self.faults.append(f"</{tag}> closes {self.open_tags[-1:] or 'nothing'}")


def _unbalanced(html: str) -> list[str]:
    balance = _Balance()
    balance.feed(html)
    balance.close()
    return balance.faults + [f"<{tag}> is not closed" for tag in balance.open_tags]
