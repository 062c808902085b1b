"""A case on its way: the town asks for a paper, the helper brings it, the county decides, the resident sees it by receipt."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from cases.receipts import say_ref
from tests.browser.looks import axe_faults, layout_faults

CODE = "204817"


@pytest.fixture
def ref(make, people):
    return make.case(by=people["helper"], county_code=people["officer"].area, answers={"rloc_admdvs": "320100"})


def picture() -> bytes:
    kept = io.BytesIO()
    Image.effect_noise((900, 600), 80).convert("RGB").save(kept, "JPEG")
    return kept.getvalue()


def looks_right(page):
    assert axe_faults(page) == []
    assert layout_faults(page) == []


@pytest.mark.parametrize("js", [True, False], ids=["with-scripts", "without-scripts"])
def test_from_the_town_to_the_resident(signed_in, phone, ref, js):
    clerk = signed_in("clerk", js=js)
    page = clerk.open("/cases")
    page.get_by_role("row").filter(has_text=say_ref(ref)).get_by_role("link").click()
    page.get_by_role("button", name="受理").click()
    expect(page.get_by_text("记下了")).to_be_visible()
    page.get_by_text("要补材料", exact=True).click()
    page.get_by_label("居住证明").check()
    page.locator("#ask-words").fill("请带居住证来，四个角都要拍到。")
    page.get_by_role("button", name="告诉居民").click()
    expect(page.locator(".head")).to_contain_text("等居民补材料")

    helper = signed_in("helper", js=js)
    page = helper.open(f"/cases/{ref}")
    page.locator("#file-residence_proof").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    if js:
        expect(page.locator("[data-paper-state]").first).to_contain_text("已收到")
        page.reload()
    else:
        page.locator("form.add").get_by_role("button", name="上传").click()
    page.get_by_role("button", name="材料补齐了").click()
    expect(page.locator(".head")).to_contain_text("已受理")

    page = clerk.open(f"/cases/{ref}")
    page.get_by_text("交给县里", exact=True).first.click()
    page.get_by_role("button", name="交给县里").click()
    expect(page.locator("#decide")).to_contain_text("现在能办")

    officer = signed_in("officer", js=js)
    officer.page.set_viewport_size({"width": 1280, "height": 900})
    page = officer.open("/cases")
    page.get_by_role("row").filter(has_text=say_ref(ref)).get_by_role("link").click()
    page.locator("summary", has_text="通过").click()
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.locator(".note.bad")).to_contain_text("还有 1 份材料没标是否合格")
    page.get_by_label("还有 1 份材料没标是否合格").check()
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.locator(".head")).to_contain_text("待同步")

    resident = phone(js=js)
    page = resident.open("/follow")
    page.get_by_label("回执号").fill(say_ref(ref).lower())
    page.get_by_label("查询码").fill(CODE)
    page.get_by_role("button", name="查一查").click()
    expect(page.locator(".head")).to_contain_text("同意了，等省里确认")
    expect(page.locator(".tl")).to_contain_text("请您补材料")
    page.reload()
    expect(page.locator(".head")).to_contain_text("同意了，等省里确认")
    assert ref not in page.url


def test_a_resident_hands_in_a_paper_from_home(signed_in, phone, ref):
    page = signed_in("clerk").open(f"/cases/{ref}")
    page.get_by_text("要补材料", exact=True).click()
    page.get_by_label("居住证明").check()
    page.locator("#ask-words").fill("请补居住证。")
    page.get_by_role("button", name="告诉居民").click()
    resident = phone()
    page = resident.open("/follow")
    page.get_by_label("回执号").fill(ref)
    page.get_by_label("查询码").fill(CODE)
    page.get_by_role("button", name="查一查").click()
    expect(page.locator(".note")).to_contain_text("还差：居住证明")
    looks_right(page)
    page.locator("#file-residence_proof").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    expect(page.locator("[data-paper-state]").first).to_contain_text("已收到")
    page.get_by_role("link", name="拍好了，看看还差什么").click()
    page.get_by_role("button", name="材料齐了，交上去").click()
    expect(page.locator(".head")).to_contain_text("正在办")


@pytest.mark.parametrize("settings", [{}, {"big": True}, {"lang": "en"}, {"dark": True}], ids=str)
def test_the_pages_of_the_desk_are_sound_on_a_phone_and_on_a_desk(signed_in, ref, settings):
    here = signed_in("clerk", **settings)
    for width in (360, 1280):
        here.page.set_viewport_size({"width": width, "height": 740})
        for path in ("/cases", f"/cases/{ref}", f"/cases/{ref}/hand-over"):
            page = here.open(path)
            for one in page.locator("details").all():
                one.evaluate("e => e.open = true")
            looks_right(page)
