import csv
import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import pinyin

DATA = Path(__file__).parents[2] / "stations/data"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("异地就医", "yi di jiu yi"),
        ("乐陵市", "lao ling shi"),
        ("昌乐县", "chang le xian"),
        ("莘县", "shen xian"),
        ("单县", "shan xian"),
        ("单位", "dan wei"),
        ("单家庄", "shan jia zhuang"),
        ("鄄城县", "juan cheng xian"),
        ("郯城县", "tan cheng xian"),
        ("莒南县", "ju nan xian"),
        ("兖州区", "yan zhou qu"),
        ("东阿县", "dong e xian"),
        ("临朐县", "lin qu xian"),
        ("无棣县", "wu di xian"),
        ("曲阜市", "qu fu shi"),
        ("牟平区", "mu ping qu"),
        ("芝罘区", "zhi fu qu"),
        ("郓城县", "yun cheng xian"),
        ("茌平区", "chi ping qu"),
        ("长清区", "chang qing qu"),
        ("南长山街道", "nan chang shan jie dao"),
        ("冠县", "guan xian"),
        ("汶上县", "wen shang xian"),
        ("峄城区", "yi cheng qu"),
        ("费县", "fei xian"),
        ("千佛山", "qian fo shan"),
        ("大柳行镇", "da liu hang zhen"),
        ("银行", "yin hang"),
        ("自行", "zi xing"),
        ("看大夫", "kan dai fu"),
        ("益都街道", "yi du jie dao"),
        ("什集镇", "shi ji zhen"),
        ("为什么", "wei shen me"),
        ("家长", "jia zhang"),
        ("长期", "chang qi"),
        ("女", "nv"),
        ("〇", "ling"),
        ("15分钟 CT检查！", "15 fen zhong ct jian cha"),
        ("Ｃｔ", "ct"),
        ("", ""),
        ("……🏥", ""),
    ],
)
def test_a_name_is_read_as_people_there_say_it(text, said):
    assert " ".join(pinyin.syllables(text)) == said


@pytest.mark.parametrize(
    ("text", "letters"), [("异地就医", "ydjy"), ("乐陵", "ll"), ("CT检查", "ctjc"), ("15分钟", "15fz"), ("什么", "sm")]
)
def test_initials_are_what_one_types_on_a_phone(text, letters):
    assert pinyin.initials(text) == letters


def test_a_place_said_otherwise_than_written_has_both_readings():
    assert pinyin.readings("乐陵") == (("lao", "ling"), ("le", "ling"))
    assert pinyin.readings("兰山") == (("lan", "shan"),)


def test_each_corrected_word_has_a_syllable_per_character():
    assert not [word for word, said in pinyin.WORDS.items() if len(said.split()) != len(word)]


def test_every_village_and_station_of_the_demo_can_be_typed_in_letters():
    for file in ("demo_villages.csv.gz", "demo_stations.csv.gz"):
        with gzip.open(DATA / file, "rt", encoding="utf-8", newline="") as lines:
            names = {row["name"] for row in csv.DictReader(lines)}
        assert not [name for name in names if not "".join(pinyin.syllables(name)).isascii()]
        assert not [name for name in names if len(pinyin.initials(name)) < len(re.findall(r"[一-鿿]", name))]


@pytest.mark.parametrize(
    ("one", "other"),
    [("zhong", "zong"), ("chi", "ci"), ("shi", "si"), ("nan", "lan"), ("jin", "jing"), ("sheng", "sen")],
)
def test_syllables_that_many_do_not_tell_apart_fold_to_one(one, other):
    assert pinyin.folded(one) == pinyin.folded(other)


def test_other_syllables_stay_apart():
    assert len({pinyin.folded(s) for s in ("ta", "da", "ma", "ba", "ci", "si", "zi", "fu", "hu", "song", "son")}) == 11


@pytest.mark.parametrize(
    ("run", "first"),
    [
        ("yidijiuyi", "yi di jiu yi"),
        ("xinshenger", "xin sheng er"),
        ("senyubaoxiao", "sen yu bao xiao"),
        ("suanghe", "suang he"),
        ("yidijiuy", "yi di jiu"),
        ("nvzhuang", "nv zhuang"),
        ("newborn", ""),
        ("ydjy", ""),
        ("", ""),
    ],
)
def test_a_run_of_letters_is_cut_into_syllables(run, first):
    assert " ".join(next(iter(pinyin.cuts(run, 3)), ())) == first


def test_a_run_that_can_be_cut_in_two_ways_gives_both():
    assert pinyin.cuts("xian", 3) == [("xian",), ("xi", "an")]


@given(st.text())
def test_any_text_has_one_syllable_per_piece_in_every_reading(text):
    local, *literal = pinyin.readings(text)
    assert local == pinyin.syllables(text)
    assert all(len(other) == len(local) for other in literal)
    assert all(local)
    pinyin.initials(text)
