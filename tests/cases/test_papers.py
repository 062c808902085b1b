"""What people hand in is kept when it is a paper, drawn anew and small; whatever else it is, it is refused with one sentence."""

import base64
import io
from collections.abc import Iterator

import pytest
from flask import Flask
from PIL import Image, ImageChops, ImageStat
from PIL.Image import Transpose as Turn
from pypdf.generic import ArrayObject, NameObject, NullObject, NumberObject, TextStringObject

from cases import papers
from cases.papers import JPEG, PDF, SIGNATURE, Unfit, check, drawn_bytes
from common.pictures import KEPT_BYTES, LONGEST_SIDE
from tests.cases import handed_in
from tests.cases.handed_in import at_root, named, on_page, pdf
from tests.common.pictures import photo
from tests.common.test_pictures import SCRIPT, png


@pytest.fixture(autouse=True)
def _speaking(demo_app: Flask) -> Iterator[None]:
    """Sentences need a language."""
    with demo_app.test_request_context():
        yield


def opened(jpeg: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(jpeg))
    picture.load()
    return picture


# Photos


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_kept_as_a_jpeg_with_its_thumbnail(kind):
    paper = check(photo(1200, 900, kind=kind), "id_front")
    assert (paper.mime, paper.width, paper.height, paper.pages) == (JPEG, 1200, 900, None)
    assert opened(paper.body).size == (1200, 900)
    assert opened(paper.thumbnail).size == (320, 240)
    assert len(paper.sha256) == 64


def test_a_photo_of_12_million_pixels_becomes_small():
    paper = check(photo(4000, 3000, noise=True, quality=75), "id_front")
    assert len(paper.body) <= KEPT_BYTES
    assert max(paper.width, paper.height) <= LONGEST_SIDE


def test_a_photo_made_small_by_the_browser_is_hardly_changed():
    sent = handed_in.page_of_text(1600, 1200, quality=70)
    assert 150_000 < len(sent) <= KEPT_BYTES
    kept = opened(check(sent, "id_front").body)
    assert kept.size == (1600, 1200)
    assert max(ImageStat.Stat(ImageChops.difference(kept, opened(sent))).mean) < 1


def test_the_same_photo_gives_the_same_paper():
    sent = photo()
    assert check(sent, "id_front") == check(sent, "id_front")


def test_where_and_when_it_was_taken_is_gone_and_it_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "PhoneMaker"
    exif[0x9003] = "2026:11:20 10:00:00"
    exif[0x8825] = {1: "N", 2: (36.0, 39.0, 5.0), 3: "E", 4: (117.0, 7.0, 12.0)}
    sent = photo(800, 600, exif=exif, comment=b"by Wang Fang", icc_profile=b"profile-of-somebody" * 20)
    paper = check(sent, "id_front")
    for kept in (paper.body, paper.thumbnail):
        assert not opened(kept).getexif()
        assert "icc_profile" not in opened(kept).info
        for secret in (b"Exif", b"PhoneMaker", b"2026:11", b"Wang Fang", b"profile-of"):
            assert secret not in kept
    assert (paper.width, paper.height) == (600, 800)
    assert opened(paper.thumbnail).size == (240, 320)


# EXIF's word for how the phone was held, and the turn by which the camera's picture came about.
TURNS = dict(zip(range(2, 9), (Turn.FLIP_LEFT_RIGHT, Turn.ROTATE_180, Turn.FLIP_TOP_BOTTOM, Turn.TRANSPOSE, Turn.ROTATE_90,
                               Turn.TRANSVERSE, Turn.ROTATE_270), strict=True))  # fmt: skip


@pytest.mark.parametrize("held", range(1, 9))
def test_every_way_of_holding_the_phone_ends_upright(held):
    upright = Image.new("RGB", (80, 60), "white")
    upright.paste((200, 0, 0), (0, 0, 40, 30))  # red above left
    sent, out, exif = upright.transpose(TURNS[held]) if held > 1 else upright, io.BytesIO(), Image.Exif()
    exif[0x0112] = held
    sent.save(out, "JPEG", exif=exif, quality=95)
    kept = opened(check(out.getvalue(), "id_front").body)
    assert kept.size == (80, 60)
    red = kept.getpixel((20, 15))
    assert red[0] > 150 > red[1]
    assert min(kept.getpixel((60, 45))) > 200


def test_a_photo_with_a_second_picture_behind_it_is_a_photo():
    sent = handed_in.phone_photo_with_a_second_picture()
    assert opened(sent).format == "MPO"
    assert (check(sent, "id_front").width, check(sent, "id_front").height) == (640, 480)


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_scan_in_other_colours_becomes_rgb(mode):
    out = io.BytesIO()
    Image.new(mode, (40, 30)).save(out, "JPEG")
    assert opened(check(out.getvalue(), "id_front").body).mode == "RGB"


def test_a_scan_in_16_bits_keeps_its_greys():
    grey, out = Image.new("I;16", (40, 30), 40_000), io.BytesIO()
    grey.save(out, "PNG")
    assert abs(opened(check(out.getvalue(), "id_front").body).getpixel((5, 5))[0] - 40_000 / 257) < 4


def test_a_page_hidden_in_a_photo_is_gone():
    for sent in (photo() + SCRIPT, photo(comment=SCRIPT)):
        assert SCRIPT not in check(sent, "id_front").body


HOSTILE = {
    "nothing": (b"", "这个文件是空的"),
    "60 MB": (b"\xff\xd8\xff" + b"x" * 60_000_000, "最多 10 MB"),
    "HEIC": (handed_in.HEIC, "兼容性最好"),
    "a program": (b"MZ\x90\0" + b"\0" * 500, "不是照片"),
    "a page": (b"<!doctype html>" + SCRIPT, "不是照片"),
    "an SVG": (b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>", "不是照片"),
    "an archive": (b"PK\x03\x04" + b"\0" * 500, "不是照片"),
    "a GIF": (handed_in.moving("GIF"), "不是照片"),
    "a TIFF": (photo(kind="TIFF"), "不是照片"),
    "a page before a PDF": (SCRIPT + pdf(), "不是照片"),
    "a moving WebP": (handed_in.moving("WEBP"), "会动的图"),
    "a moving PNG": (handed_in.moving("PNG"), "会动的图"),
    "a page that begins like a JPEG": (b"\xff\xd8\xff" + SCRIPT * 30, "打不开"),
    "half a JPEG": (photo()[:1500], "打不开"),
    "half a PNG": (photo(kind="PNG", noise=True)[:1500], "打不开"),
    "30000 × 30000": (png(30_000, 30_000, body=b"\0" * 1000), "最多 4000 万像素"),
    "a PNG without pixels": (png(100, 100), "打不开"),
}


@pytest.mark.parametrize(("sent", "words"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_paper_is_refused_with_one_sentence(sent, words):
    with pytest.raises(Unfit, match=words) as refused:
        check(sent, "id_front")
    assert len(str(refused.value)) < 60
    assert str(refused.value).endswith("。")


# PDF


def test_a_pdf_is_kept_as_it_is():
    sent = pdf(10)
    paper = check(sent, "referral_proof")
    assert (paper.body, paper.mime, paper.pages, paper.thumbnail) == (sent, PDF, 10, None)


HARMLESS = {
    "opens at a page": at_root("/OpenAction", ArrayObject([NullObject(), NameObject("/Fit")])),
    "opens at a page by an action": at_root("/OpenAction", named(S="/GoTo", D=ArrayObject([NumberObject(0)]))),
    "has a form without actions": at_root("/AcroForm", named(Fields=ArrayObject(), SigFlags=NumberObject(3))),
    "has a link": on_page(named(Subtype="/Link", A=named(S="/URI", URI=TextStringObject("https://example.com")))),
    "unpacks to 1 MB": handed_in.unpacking_to(1_000_000),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_pdf_that_does_nothing_is_kept(change):
    assert check(pdf(change=change), "referral_proof").pages == 1


SCRIPTED = {
    "JavaScript when opened": at_root("/OpenAction", named(S="/JavaScript", JS=TextStringObject("app.alert(1)"))),
    "its name elsewhere": handed_in.name_in_disguise,
    "a program when opened": at_root("/OpenAction", named(S="/Launch", F=TextStringObject("cmd.exe"))),
    "an address when opened": at_root("/OpenAction", named(S="/URI", URI=TextStringObject("https://example.com"))),
    "named scripts": at_root("/Names", named(JavaScript=named(Names=ArrayObject()))),
    "files inside": at_root("/Names", named(EmbeddedFiles=named(Names=ArrayObject()))),
    "a file on the page": on_page(named(Subtype="/FileAttachment", FS=named(EF=named(F=NullObject())))),
    "a button with a program": on_page(named(Subtype="/Widget", A=named(S="/Launch"))),
    "a button that sends": on_page(named(Subtype="/Widget", A=named(S="/SubmitForm"))),
    "an action after another": on_page(named(Subtype="/Link", A=named(S="/URI", Next=named(S="/Launch")))),
    "additional actions": at_root("/AA", named(WC=named(S="/GoTo"))),
    "XFA": at_root("/AcroForm", named(XFA=ArrayObject())),
    "a film": on_page(named(Subtype="/RichMedia")),
}


@pytest.mark.parametrize("change", SCRIPTED.values(), ids=SCRIPTED.keys())
def test_a_pdf_that_does_something_is_refused(change):
    with pytest.raises(Unfit, match="带有程序或附件"):
        check(pdf(change=change), "referral_proof")


def cut(pdf_file: bytes) -> bytes:
    return pdf_file[: len(pdf_file) // 2]


UNFIT_PDF = {
    "11 pages": (pdf(11), "最多 10 页"),
    "no page": (pdf(0), "最多 10 页"),
    "a password": (pdf(password="x"), "有密码"),
    "an empty password for reading": (pdf(change=lambda writer: writer.encrypt("", "owner")), "有密码"),
    "2 MB and a bit": (pdf() + b"\n" * 2_000_000, "最多 2 MB"),
    "half of one": (cut(pdf()), "打不开"),
    "only its beginning": (b"%PDF-1.7\n", "打不开"),
    "a page behind the beginning": (b"%PDF-1.7\n" + SCRIPT, "打不开"),
    "100 MB in a stream": (pdf(change=handed_in.unpacking_to(100_000_000)), "展开后太大"),
    "1 GB packed twice": (pdf(change=handed_in.unpacking_to(1_000_000_000, times=2)), "展开后太大"),
    "a picture of 900 million pixels": (pdf(change=handed_in.huge_picture), "展开后太大"),
}


@pytest.mark.parametrize(("sent", "words"), UNFIT_PDF.values(), ids=UNFIT_PDF.keys())
def test_an_unfit_pdf_is_refused_with_one_sentence(sent, words):
    with pytest.raises(Unfit, match=words) as refused:
        check(sent, "referral_proof")
    assert str(refused.value).endswith("。")


def test_a_pdf_whose_objects_unpack_to_300_megabytes_is_refused():
    with pytest.raises(Unfit, match=r"展开后太大|打不开"):
        check(handed_in.pdf_of_object_streams(300_000_000), "referral_proof")


def test_a_look_that_does_not_end_is_stopped(monkeypatch, tmp_path):
    endless = tmp_path / "endless.py"
    endless.write_text("while True: pass")
    monkeypatch.setattr(papers, "_PDF_LOOK", endless)
    monkeypatch.setattr(papers, "LOOK_SECONDS", 0.2)
    with pytest.raises(Unfit, match="展开后太大"):
        check(pdf(), "referral_proof")


# Signatures


def data_url(body: bytes) -> str:
    return papers.DRAWN + base64.b64encode(body).decode()


def test_a_drawn_name_is_kept():
    paper = check(drawn_bytes(data_url(handed_in.signature())), SIGNATURE)
    assert (paper.mime, paper.width, paper.height) == (JPEG, 800, 440)


def test_an_empty_box_is_no_signature():
    with pytest.raises(Unfit, match="还没写名字"):
        check(handed_in.signature(strokes=0), SIGNATURE)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "data:image/png;base64,",
        "data:image/svg+xml;base64,AAAA",
        "data:image/png;base64,???",
        "https://example.com/x.png",
        papers.DRAWN + "A" * 300_000,
    ],
)
def test_what_is_no_drawing_is_refused(typed):
    with pytest.raises(Unfit):
        check(drawn_bytes(typed), SIGNATURE)
