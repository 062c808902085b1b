"""Every HTML page that any test opens is looked at here as well."""

import re
from html.parser import HTMLParser

from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SVG_EMPTY = {"path", "circle", "rect", "use", "line"}
HOSTS_ALLOWED_IN_LINKS = {"uri.amap.com", "api.map.baidu.com", "apis.map.qq.com"}


class WatchingClient(FlaskClient):
    def open(self, *args, **kwargs) -> TestResponse:
        response = super().open(*args, **kwargs)
        if response.mimetype == "text/html" and not response.headers.get("Content-Encoding"):
            watch(response, fragment=bool(response.request.headers.get("HX-Request")))
        return response


def watch(response: TestResponse, *, fragment: bool) -> None:
    """Raise AssertionError when the page is not one we would send to a reader."""
    html = response.get_data(as_text=True)
    problems = faults(html, response.headers, fragment=fragment)
    assert not problems, f"{response.request.path}: " + "; ".join(problems)


def faults(html: str, headers, *, fragment: bool) -> list[str]:
    """What is wrong with the page, in words."""
    found = _unbalanced(html)
    soup = BeautifulSoup(html, "html.parser")
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    found += [f"id {name} stands twice" for name in {name for name in ids if ids.count(name) > 1}]
    if soup.find(style=True) or soup.find("style"):
        found.append("inline style: the CSP refuses it")
    for tag in soup.find_all(True):
        found += [f"inline handler {name}" for name in tag.attrs if name.startswith(("on", "hx-on"))]
    for field in soup.find_all(["input", "select", "textarea"]):
        if field.get("type") in {"hidden", "submit"}:
            continue
        named = field.get("aria-label") or field.find_parent("label")
        if not named and not (field.get("id") and soup.find("label", attrs={"for": field["id"]})):
            found.append(f"field {field.get('name')} has no label")
    for label in soup.find_all("label", attrs={"for": True}):
        if label["for"] not in ids:
            found.append(f"label for {label['for']} points nowhere")
    for form in soup.find_all("form"):
        if not form.get("action"):
            found.append("a form without action")
    for image in soup.find_all("img"):
        if image.get("alt") is None:
            found.append("an image without alt")
    for tag in soup.find_all(["a", "button"]):
        if not (tag.get_text(strip=True) or tag.get("aria-label")):
            found.append(f"a {tag.name} without words")
    for tag in soup.find_all("a"):
        host = re.match(r"(?:https?:)?//([^/?#]+)", tag.get("href", ""))
        if host and host.group(1) not in HOSTS_ALLOWED_IN_LINKS:
            found.append(f"a link to {host.group(1)}")
    for tag in soup.find_all(["script", "link", "img", "iframe", "form"]):
        target = tag.get("src") or tag.get("href") or tag.get("action") or ""
        if re.match(r"(https?:)?//", target):
            found.append(f"{tag.name} from a foreign host")
    if "{{" in html or "{%" in html or "Undefined" in html:
        found.append("template words leaked")
    if not fragment:
        found += _whole_page_faults(soup, headers)
    return found


def _whole_page_faults(soup: BeautifulSoup, headers) -> list[str]:
    found = []
    if len(soup.find_all("h1")) != 1:
        found.append(f"{len(soup.find_all('h1'))} h1")
    if not soup.title or not soup.title.get_text(strip=True):
        found.append("no title")
    if soup.html is None or soup.html.get("lang") not in {"zh-CN", "en"}:
        found.append("no language")
    if not soup.find(id="main"):
        found.append("nothing to skip to")
    policy = headers.get("Content-Security-Policy", "")
    nonce = re.search(r"'nonce-([^']+)'", policy)
    if "unsafe" in policy or not nonce:
        found.append("a weak content policy")
    for script in soup.find_all("script"):
        if script.get("type") == "application/json":
            continue
        if script.get("nonce") != (nonce and nonce.group(1)):
            found.append("a script without the nonce")
    if soup.html and soup.html.get("lang") == "en":
        found += _chinese_left(soup)
    return found


def _chinese_left(soup: BeautifulSoup) -> list[str]:
    """In English, Chinese may stand only where lang="zh" says so: names, official titles, sources."""
    for tag in soup.find_all(lang=re.compile("^zh")):
        tag.extract()
    left = [text.strip() for text in soup.find_all(string=re.compile(r"[\u4e00-\u9fff]")) if text.strip()]
    return [f"not translated: {text[:30]}" for text in left]


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        names = [name for name, _value in attrs]
        self.faults += [f"<{tag}> has {name} twice" for name in set(names) if names.count(name) > 1]
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
