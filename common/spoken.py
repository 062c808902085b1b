"""How people say it, turned into how it is written (俺娘 → 我老人, 咋报 → 怎么报销), and what says nothing (我想问).

Room: common, floor 0. Comes in: a query or a phrase. Nothing is imported from the house. Only the ways of speaking
are here; what a word of insurance means is data (everyday words of the catalogue). A city of another province is 外地:
care there is the same business wherever it is (common/data/elsewhere.csv).
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

# written form: said forms. Wider than synonyms on purpose: for a search, 爷爷 and 岳母 are both 老人.
SAID = {
    "怎么": "咋着 咋样 咋个 咋 怎样 如何 怎么样 怎么着",
    "什么": "啥 甚么",
    "我": "俺们 俺 咱们 咱 我们",
    "哪里": "哪儿 哪块",
    "孩子": "小孩子 小孩儿 小孩 娃娃 娃 孩儿 宝宝 孙子 孙女 外孙 儿女 子女 儿子 闺女 女儿",
    "老人": "爸妈 爹妈 爹娘 父母 爸爸 妈妈 父亲 母亲 爷爷奶奶 爷爷 奶奶 姥姥 姥爷 老头 老太太 岳父 岳母 公公 婆婆 老伴 "
    "大爷 大娘 爸 妈 爹 娘",
    "老婆": "媳妇 妻子 爱人",
    "怀孕": "孕妇 孕期 有喜",
    "去世": "过世 病故 死亡 死了 人没了 人走了 老人没了 老人走了 不在了",
    "外地": "异地 外乡",
    "看病": "瞧病 看医生 看大夫 瞧大夫 就诊 就医",
    "买药": "拿药 取药 开药 抓药",
    "手机号": "电话号码 电话号",
    "没有": "没得",
    "交": "缴",
}
_WRITTEN = {said: written for written, forms in SAID.items() for said in forms.split()}
_SAID = re.compile("|".join(sorted(_WRITTEN, key=len, reverse=True)))
_PAID_BACK = re.compile("(?<![预情日海电公举上填申简播])报(?![销名到告错纸警单消的])")  # 能报吗, 报多少: said for 报销


with (Path(__file__).parent / "data" / "elsewhere.csv").open(encoding="utf-8") as _file:
    ELSEWHERE = tuple(name for row in csv.DictReader(_file) for name in row["names"].split())
# Words that hold such a name by chance: 千佛山, 黄河南岸, 医保定点, 济南宁家庄.
_NOT_ELSEWHERE = (
    "济南|青岛|淄博|枣庄|东营|烟台|潍坊|济宁|泰安|威海|日照|临沂|德州|聊城|滨州|菏泽|山东|泰山|黄河|千佛山"
    "|医保|社保|参保|投保|担保"
)
# 北京路, 东莞镇, 南阳湖, 中山公园 are places of ours.
_AWAY = f"(?:{'|'.join(sorted(ELSEWHERE, key=len, reverse=True))})[省市]?"
_ELSEWHERE = re.compile(f"{_NOT_ELSEWHERE}|(?P<away>{_AWAY}(?![路街道村庄镇乡区县屯社湖河山岛岸东西南北公头]))")


def as_written(text: str) -> str:
    """The text with its spoken words replaced; the same text when there are none."""
    if not _ELSEWHERE.fullmatch(text):  # a name alone may be a place of ours: 珠海街道, the village 河南
        text = _ELSEWHERE.sub(lambda found: "外地" if found["away"] else found[0], text)
    return _PAID_BACK.sub("报销", _SAID.sub(lambda said: _WRITTEN[said[0]], text))


_FILLERS = re.compile(
    "怎么办|怎么|什么时候|什么|能不能|可不可以|可以|请问|想问|问问|一下|哪里|多少|为何|为什么|需要|应该|是不是|有没有"
    "|[我你您他她它们的地得了吗呢吧啊呀嘛哦不没在去给是有到想要办弄搞能会可个这那就也都还才又着过和跟与或把被让从为里做呗么]"
    "|[儿请帮来些哪谁几]"
)
_SYLLABLES = "wo de le ma ne zen me shen qu gei na ban"
_WORDS = """
    a an the of for to in on at is are am do does did can could i my me we our you your it its how what where when which
    who and or with from by be have has had get there this that if not please want need much many
"""
FILLER_SYLLABLES = frozenset(_SYLLABLES.split())
_FILLER_WORDS = frozenset(_WORDS.split())


def filler_flags(tokens: Sequence[str]) -> list[bool]:
    """For each token (a Chinese character or a Latin word), whether it belongs to a word that says nothing by itself."""
    flags = [token in _FILLER_WORDS for token in tokens]
    one_each = "".join("·" if token.isascii() else token for token in tokens)
    for filler in _FILLERS.finditer(one_each):
        flags[filler.start() : filler.end()] = [True] * (filler.end() - filler.start())
    return flags
