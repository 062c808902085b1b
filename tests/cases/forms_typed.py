"""What is typed into the pages of a form, and how a page is read back. Synthetic numbers of forms.md only."""

from typing import Any

from bs4 import BeautifulSoup
from flask.testing import FlaskClient

WHO = {
    "certno": "379801195208170020",
    "psn_name": "王玉兰",
    "ident_by": "original",
    "insutype": "390",
    "insu_admdvs": "370102",
    "mob": "15400000001",
}
MATTER = {
    "filing_act": "new",
    "rloc_admdvs": "南京",
    "begndate": "2026-11-23",
    "resout_addr": "南京市某路 1 号",
    "proof_route": "commitment",
}
SIGNED = {"notice_version": "1", "promise": "1", "commit_mark": "spoken"}
BABY = {
    "psn_name": "张小满",
    "birth_cert_no": "T379900017",
    "gend": "2",
    "brdy": "2026-11-05",
    "naty": "01",
    "ident_by": "original",
    "grdn_name": "刘芳",
    "grdn_certno": "379801199211050044",
    "grdn_mob": "15400000004",
    "grdn_relation": "mother",
}


class Filler:
    """Somebody with a client who goes through the pages: each answer is a response, `soup` the page as it was drawn."""

    def __init__(self, client: FlaskClient, at: str = "/work/drafts"):
        self.client = client
        self.at = at

    def begin(self, item: int = 15) -> "Filler":
        """A new draft; from then on `at` is its address."""
        answer = self.client.post("/work/drafts", data={"item": str(item)})
        assert answer.status_code == 303, answer.text
        self.at = answer.location.split("?")[0]
        return self

    def page(self, step: int, **more: str) -> BeautifulSoup:
        answer = self.client.get(self.at, query_string={"step": step} | more)
        assert answer.status_code == 200, answer.status_code
        return BeautifulSoup(answer.text, "html.parser")

    def fill(self, step: int, typed: dict[str, Any], **more: str) -> Any:
        return self.client.post(f"{self.at}?step={step}", data=typed | more)

    def hidden(self) -> dict[str, str]:
        """What stands hidden on the last page."""
        page = self.page(4)
        return {name: page.find("input", attrs={"name": name})["value"] for name in ("op", "seen")}

    def to_the_end(self) -> "Filler":
        """The first three pages of item 15, without a mistake."""
        for step, typed in ((1, WHO), (2, MATTER), (3, {})):
            answer = self.fill(step, typed)
            assert answer.status_code == 303, wrong(answer)
        return self

    def hand_in(self, typed: dict[str, str] | None = None) -> Any:
        return self.fill(4, (SIGNED if typed is None else typed) | self.hidden())


def wrong(answer: Any) -> dict[str, str]:
    """Field → sentence, as the page says it beside the fields."""
    page = BeautifulSoup(answer.text, "html.parser")
    return {
        tag["id"].removesuffix("-error"): tag.get_text(strip=True) for tag in page.find_all("p", class_="er", id=True)
    }


def value(page: BeautifulSoup, name: str) -> str:
    """What a field of a page holds."""
    fields = page.find_all(attrs={"name": name})
    if fields[0].name == "select":
        chosen = fields[0].find("option", selected=True)
        return chosen["value"] if chosen else ""
    if fields[0].get("type") in {"radio", "checkbox"}:
        return next((field["value"] for field in fields if field.has_attr("checked")), "")
    return fields[0].get("value", "")
