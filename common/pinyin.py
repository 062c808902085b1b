"""Pinyin without tones: how a name is said, for search boxes and sort columns.

Room: common, floor 0. Comes in: any text. Nothing of ours is imported; the readings of single characters come
from pypinyin, corrected here for Shandong place names and for words in which a common character changes its reading.

A place keeps one reading for its column (`syllables`); a search should also accept the reading a stranger would
guess, 乐陵 as "leling" beside "laoling" (`readings`), and the spelling of somebody who does not hear
the difference between zh and z or ing and in (`folded`).
"""

import os
import re
import unicodedata
from functools import cache, lru_cache

SEARCH_KEY = 120  # characters; common.db.SearchKey

# The first reading in the dictionary is wrong for these in place names and in our texts.
CHARACTERS = {
    "长": "chang",  # 长清、长岛、长期；家长、镇长: WORDS
    "都": "du",  # 齐都、益都；都能、都要: WORDS
    "什": "shi",  # 什集；什么: WORDS
    "佛": "fo",  # 千佛山
    "翟": "zhai",
    "阚": "kan",
    "卜": "bu",
    "柞": "zuo",  # 柞村
    "曾": "zeng",
    "仇": "qiu",
    "缪": "miao",
    "晟": "sheng",
    "咀": "zui",  # 毕家咀: written for 嘴
    "泊": "po",  # 水泊、窝泊
}


def _table(text: str) -> dict[str, str]:
    return dict(line.strip().split(maxsplit=1) for line in text.replace("/", "\n").strip().splitlines())


# Words that change the reading of a character, as people on the spot say them.
WORDS = _table("""
    乐陵 lao ling / 单县 shan xian / 莘县 shen xian / 鄄城 juan cheng / 郯城 tan cheng / 莒县 ju xian / 兖州 yan zhou
    东阿 dong e / 祝阿 zhu e / 桑阿 sang e / 阿胶 e jiao / 临朐 lin qu / 无棣 wu di / 曲阜 qu fu / 牟平 mu ping
    芝罘 zhi fu / 郓城 yun cheng / 茌平 chi ping / 冠县 guan xian / 汶上 wen shang / 峄城 yi cheng / 费县 fei xian
    重庆 chong qing / 西藏 xi zang / 泊头 bo tou / 里堡 li pu
    单家 shan jia / 单庄 shan zhuang / 单楼 shan lou / 单集 shan ji / 单寨 shan zhai
    解家 xie jia / 解庄 xie zhuang / 解楼 xie lou / 解村 xie cun / 解寨 xie zhai
    柳行 liu hang / 杏行 xing hang / 枣行 zao hang / 槐行 huai hang / 栗行 li hang / 桑行 sang hang / 梨行 li hang
    桃行 tao hang / 榆行 yu hang / 杨行 yang hang
    家长 jia zhang / 院长 yuan zhang / 村长 cun zhang / 镇长 zhen zhang / 校长 xiao zhang / 站长 zhan zhang
    局长 ju zhang / 成长 cheng zhang / 生长 sheng zhang / 增长 zeng zhang
    银行 yin hang / 大夫 dai fu / 什么 shen me / 出差 chu chai / 重新 chong xin / 重复 chong fu / 交重 jiao chong
    便宜 pian yi / 会计 kuai ji / 曾经 ceng jing / 音乐 yin yue
    都能 dou neng / 都要 dou yao / 都有 dou you / 都是 dou shi / 都在 dou zai / 都交 dou jiao / 都参 dou can
""")

HAN = "〇㐀-䶿一-鿿豈-﫿\U00020000-\U000323af"
_PIECE = re.compile("|".join([*sorted(WORDS, key=len, reverse=True), "[a-z0-9]+", f"[{HAN}]"]))
_CHARACTER_OR_RUN = re.compile(f"[a-z0-9]+|[{HAN}]")


@cache
def _dictionary() -> dict[int, str]:
    # Only single characters are needed; without the phrase table a process is 45 MB smaller and starts 0.2 s sooner.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    from pypinyin.constants import PINYIN_DICT

    readings: dict[int, str] = PINYIN_DICT
    return readings


def _toneless(reading: str) -> str:
    bare = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(letter for letter in bare if "a" <= letter <= "z")


class _Said(dict[str, tuple[str, ...]]):
    """Piece of text to its syllables, worked out once: names repeat the same few thousand characters."""

    def __init__(self, words: dict[str, str]) -> None:
        super().__init__({word: tuple(said.split()) for word, said in words.items()})

    def __missing__(self, piece: str) -> tuple[str, ...]:
        if piece[0].isascii():
            return (piece,)  # not kept: anybody's typing would fill the memory
        reading = CHARACTERS.get(piece) or _toneless(_dictionary().get(ord(piece), "").split(",")[0])
        self[piece] = (reading or piece,)
        return self[piece]


_LOCAL = _Said(WORDS)
_LITERAL = _Said({})


def _plain(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).lower()


def syllables(text: str) -> tuple[str, ...]:
    """One toneless syllable per Chinese character; Latin letters and digits as lower-case runs; the rest dropped.

    ü is v, as on a keyboard. A character without a known reading stands for itself.
    """
    return tuple(said for piece in _PIECE.findall(_plain(text)) for said in _LOCAL[piece])


def readings(text: str) -> tuple[tuple[str, ...], ...]:
    """`syllables(text)`, and after it the reading character by character where that differs: one or two."""
    local = syllables(text)
    literal = tuple(_LITERAL[piece][0] for piece in _CHARACTER_OR_RUN.findall(_plain(text)))
    return (local,) if literal == local else (local, literal)


def initials(text: str) -> str:
    """First letters as typed on a phone: 异地就医 → "ydjy"; Latin and digit runs stay whole (CT检查 → "ctjc")."""
    pieces = _PIECE.findall(_plain(text))
    return "".join(piece if piece[0].isascii() else "".join(said[0] for said in _LOCAL[piece]) for piece in pieces)


def search_keys(name: str) -> dict[str, str]:
    """What a name is found by, under the names of the columns: 大桥 → pinyin daqiao, initials dq."""
    return {"pinyin": "".join(syllables(name))[:SEARCH_KEY], "initials": initials(name)[:SEARCH_KEY]}


@lru_cache(maxsize=4096)
def folded(syllable: str) -> str:
    """The syllable without what many speakers do not tell apart: zh/z, ch/c, sh/s, n/l, ang/an, eng/en, ing/in."""
    if syllable[:2] in ("zh", "ch", "sh"):
        syllable = syllable[0] + syllable[2:]
    if syllable.startswith("n"):
        syllable = "l" + syllable[1:]
    return syllable[:-1] if syllable.endswith(("ang", "eng", "ing")) else syllable


@cache
def _spellings() -> frozenset[str]:
    """Every syllable of the language, and the misspellings that fold to one ("suang" for shuang)."""
    known = {_toneless(reading.split(",")[0]) for reading in _dictionary().values()}
    known = {syllable for syllable in known if set(syllable) & set("aeiouv")}
    for plain, curled in (("z", "zh"), ("c", "ch"), ("s", "sh"), ("n", "l")):
        known |= {plain + s.removeprefix(curled) for s in known if s.startswith(curled)}
        known |= {
            curled + s.removeprefix(plain) for s in known if s.startswith(plain) and not s.startswith(plain + "h")
        }
    known |= {s[:-1] for s in known if s.endswith(("ang", "eng", "ing"))}
    return frozenset(known | {s + "g" for s in known if s.endswith(("an", "en", "in"))})


LONGEST_SYLLABLE = 6  # zhuang


def cuts(run: str, limit: int) -> list[tuple[str, ...]]:
    """Ways to cut a run of letters into syllables, fewest syllables first: "xian" → (xian), (xi, an).

    At most `limit`; an empty list when it cannot be cut. Up to two letters of an unfinished last syllable are left off.
    """
    spellings = _spellings()
    ways: list[list[tuple[str, ...]]] = [[()]]
    for end in range(1, len(run) + 1):
        here = [
            (*way, run[start:end])
            for start in range(max(0, end - LONGEST_SYLLABLE), end)
            if run[start:end] in spellings
            for way in ways[start]
        ]
        ways.append(sorted(here, key=len)[:limit])
    for end in range(len(run), max(0, len(run) - 3), -1):
        if ways[end]:
            return ways[end]
    return []
