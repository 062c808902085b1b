"""Search in some thousands of short phrases as people really type: sentences, pinyin, initials, homophones, typos, English.

Room: common, floor 0. Comes in: entries with their phrases, once; then queries, as typed by anybody.

How a match is scored. A query is a row of tokens (Chinese characters, syllables or Latin words), each weighing more
the rarer it is among the entries of a kind, and little when it is a filler (我想怎么办). Each token is covered by a
phrase as well as its neighbourhood is found there: the same two characters (1.0), the same two syllables (homophone
typos), syllables that many speakers do not tell apart, two characters with something between, one character alone.
Score = covered share of the query × a milder factor for the share of the phrase that was meant. So kinds compare.
"""

import heapq
import html
import math
import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from common import pinyin
from common.spoken import FILLER_SYLLABLES, as_written, filler_flags


class Entry(NamedTuple):
    """What can be found: (kind, ref) names it; phrases are what people may call it, each with a weight in (0, 1]."""

    kind: str
    ref: str
    phrases: tuple[tuple[str, float], ...]


class Hit(NamedTuple):
    kind: str
    ref: str
    score: float  # 0..1, comparable between kinds


# Bounds on work: any text may come.
MAX_CHARACTERS = 1000  # read of a query, before tags and junk are taken out
MAX_TOKENS = 80
MAX_CUTS = 3  # ways to cut one run of letters into syllables that are tried
MAX_NAME = 10  # tokens of a name looked for inside a query
CANDIDATES = 100  # phrases scored exactly, of those that share most with the query

# The numbers below were tried on search_tuning.csv, never on the queries of the test; the result is flat around them.
# How well a token is covered, by what the phrase has in common with the query there:
SAME = 1.0  # it and its neighbour
SAME_WORD = 0.9  # a Latin word; a lone character that is all the query says
SAID_ALIKE = 0.85  # the syllables of it and its neighbour: a typo by ear
SAID_NEARLY = 0.65  # those syllables, to many speakers; the beginning of a Latin word
APART = 0.6  # it and its neighbour with one or two characters between
ALONE = 0.5  # it, without its neighbour
ALONE_ALIKE = 0.1
TYPED, TYPED_NEARLY, TYPED_ALONE = 0.95, 0.7, 0.3  # the same where only pinyin was typed: no characters to compare
TYPED_INITIALS = 0.85
STRONG = 0.6  # a hit needs one token covered so well, or chance characters would add up

# Factors on the weight of a token or on a level.
UNKNOWN = 0.4  # weight of what no entry of the kind contains; the rarest known has 1.0
FILLER = 0.12
NAMED_ELSEWHERE = 0.2  # it belongs to the whole name of something of another kind: 临沂 in 临沂异地就医
BESIDE_A_NAME = 0.5  # it is unknown, but something of this kind is named beside it
SPELT_RIGHT = 0.5  # homophones of a word that is known as it is written
UNFINISHED = 0.9  # pinyin that stops within a syllable

# From cover to score.
SLACK = 0.05  # added to the query's weight: a query of next to nothing is no full match
WHOLE_QUERY = 0.65  # share of the score that is the query's; the rest asks how much of the phrase was meant
TOGETHER = 0.4  # share of the score from all phrases of the entry taken together
BY_SOUND_ONLY = 0.6  # so much of the query must be covered when no two characters are the same
FLOOR = 0.25  # below it a hit is chance
TAIL = 0.55  # hits below this share of the best are left out

_TAG = re.compile("<[^<>]*>")
_TOKEN = re.compile(f"[a-z0-9]+|[{pinyin.HAN}]")


def plain(text: str) -> list[str]:
    """Text as tokens: single Chinese characters and lower-case Latin or digit runs; tags, marks and accents gone."""
    if not text.isascii() or "<" in text or "&" in text:
        text = html.unescape(_TAG.sub(" ", text)) if "<" in text or "&" in text else text
        text = unicodedata.normalize("NFKC", text)
        if re.search("[\u00c0-\u024f\u0300-\u036f]", text):  # pinyin with tone marks
            text = unicodedata.normalize("NFD", text).replace("u\u0308", "v")
            text = re.sub("[\u0300-\u036f]", "", text)
    return _TOKEN.findall(text.lower())


class _Token(NamedTuple):
    text: str  # a Chinese character, a Latin word, or "" where only the sound was typed
    said: str  # its syllable; the word itself for Latin
    filler: bool


def _is_word(text: str) -> bool:
    return text.isascii() and text != ""


# Keys under which a phrase is found. A leading sign keeps the sorts apart: 参 (character), 'can (syllable), =can (word).
def _lone_keys(text: str, said: str) -> tuple[str, str]:
    return (f"={text}", f"^{text[:5]}") if _is_word(text) else (text, f"'{said}")


class _Phrase(NamedTuple):
    entry: int
    weight: float
    places: dict[str, int]  # key → bit mask of the tokens it covers
    weights: list[float]  # of its tokens


def _joined(tokens: Sequence[str]) -> str:
    """Tokens as one text that falls into the same tokens again."""
    return "".join(
        f" {token}" if i and token.isascii() and tokens[i - 1].isascii() else token for i, token in enumerate(tokens)
    )


def _typed_tokens(cuts: Iterable[Sequence[str]]) -> list[_Token]:
    return [_Token("", said, said in FILLER_SYLLABLES) for cut in cuts for said in cut]


def _places(texts: Sequence[str], said: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for i, text in enumerate(texts):
        bit = 1 << i
        for key in _lone_keys(text, said[i]):
            places[key] = places.get(key, 0) | bit
        if i:
            both = bit | bit >> 1
            nearly = f"{pinyin.folded(said[i - 1])}~{pinyin.folded(said[i])}"
            for key in (texts[i - 1] + text, f"{said[i - 1]}'{said[i]}", nearly):
                places[key] = places.get(key, 0) | both
        for gap in (2, 3):
            if i >= gap:
                key = f"{texts[i - gap]}_{text}"
                places[key] = places.get(key, 0) | bit | bit >> gap
    return places


def _places_of(tokens: Sequence[str]) -> dict[str, int]:
    local, *literal = pinyin.readings(_joined(tokens))
    return (_places(tokens, literal[0]) if literal else {}) | _places(tokens, local)


def _ladder(tokens: Sequence[_Token], i: int, alone: bool, known: Container[str]) -> list[tuple[float, str]]:
    """(how well, key) for what would cover the token, best first.

    alone   it is all the query says.
    known   pairs of characters that some phrase has: spelt right, so not a typo for something else.
    """
    token = tokens[i]
    pairs = [(tokens[j], tokens[j + 1]) for j in (i - 1, i) if 0 <= j < len(tokens) - 1]
    written = [(a, b) for a, b in pairs if a.text and b.text]
    lone = _lone_keys(token.text, token.said)
    ladder = [(SAME, a.text + b.text) for a, b in written]
    alike, nearly = (SAID_ALIKE, SAID_NEARLY) if token.text else (TYPED, TYPED_NEARLY)
    for a, b in pairs:
        doubt = SPELT_RIGHT if a.text + b.text in known else 1.0
        ladder.append((alike * doubt, f"{a.said}'{b.said}"))
        ladder.append((nearly * doubt, f"{pinyin.folded(a.said)}~{pinyin.folded(b.said)}"))
    ladder += [(APART, f"{a.text}_{b.text}") for a, b in written]
    if _is_word(token.text):
        ladder += [(SAME_WORD, lone[0]), (SAID_NEARLY, lone[1])]
    elif token.text:
        ladder += [(SAME_WORD if alone else ALONE, lone[0]), (ALONE_ALIKE, lone[1])]
    else:
        ladder.append((STRONG if alone else TYPED_ALONE, lone[1]))
    return sorted(ladder, key=lambda step: -step[0])


def _search_keys(tokens: Sequence[_Token]) -> Iterator[tuple[str, _Token]]:
    """The keys by which candidates are gathered, each once a position."""
    for i, token in enumerate(tokens):
        if token.text:
            for key in _lone_keys(token.text, token.said)[: 2 if _is_word(token.text) else 1]:
                yield key, token
        if i:
            other = tokens[i - 1]
            yield f"{pinyin.folded(other.said)}~{pinyin.folded(token.said)}", other if token.filler else token


def _cover(
    ladders: Sequence[Sequence[tuple[float, str]]], weights: Sequence[float], places: Mapping[str, int]
) -> tuple[float, int, float]:
    """(weight covered, mask of the phrase's tokens meant, best level of a place)."""
    covered, mask, strongest = 0.0, 0, 0.0
    for ladder, weight in zip(ladders, weights, strict=True):
        for level, key in ladder:
            if bits := places.get(key):
                covered += weight * level
                mask |= bits
                if level > strongest:
                    strongest = level
                break
    return covered, mask, strongest


class _Kind:
    """How rare each key is among the entries of one kind."""

    def __init__(self) -> None:
        self.entries = 0
        self.holders: Counter[str] = Counter()

    def weight(self, key: str) -> float:
        holders = self.holders[key]
        return math.log(1 + self.entries / holders) / math.log(1 + self.entries) if holders else UNKNOWN


def _tempered(share: float) -> float:
    """Factor for the share of a phrase that the query speaks of: few people type all of it."""
    return WHOLE_QUERY + (1 - WHOLE_QUERY) * math.sqrt(share)


class _Lines:
    """Short lines joined into one text, so that looking through all of them is one pass of str.find."""

    def __init__(self, lines: Iterable[tuple[tuple[str, ...], int]]) -> None:
        self.pieces: list[tuple[str, ...]] = []
        self.owners: list[int] = []
        self.starts: list[int] = []
        parts: list[str] = []
        at = 0
        for pieces, owner in lines:
            line = "".join(pieces)
            self.pieces.append(pieces)
            self.owners.append(owner)
            self.starts.append(at)
            parts.append(line)
            at += len(line) + 1
        self.text = "\n".join(parts)

    def holding(self, fragment: str) -> Iterator[tuple[int, bool, bool, float]]:
        """(owner, whether the line starts so, whether a piece ends there, share of the line) per place in a line.

        Only where a piece starts: "an" is not in dan'e.
        """
        at = self.text.find(fragment)
        while at >= 0:
            number = bisect_right(self.starts, at) - 1
            offset = at - self.starts[number]
            pieces = self.pieces[number]
            edges = list(accumulate(map(len, pieces), initial=0))
            if offset in edges:
                yield self.owners[number], offset == 0, offset + len(fragment) in edges, len(fragment) / edges[-1]
            at = self.text.find(fragment, at + 1)


class Index:
    """Built once, then only read: threads may share it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """About 0.4 s and 30 MB for 2,200 entries with 7,000 phrases."""
        self._entries = list(entries)
        self._kinds: dict[str, _Kind] = {}
        self._phrases: list[_Phrase] = []
        self._unions: list[dict[str, int] | None] = []  # per entry: all its phrases together, if it has several
        self._holders: dict[str, list[int]] = {}  # key → phrases that have it
        self._pairs: set[str] = set()  # two characters that stand together in some phrase
        self._whole: dict[str, list[int]] = {}  # text of a whole phrase → phrases
        rows: list[list[str]] = []
        for number, entry in enumerate(self._entries):
            first = len(self._phrases)
            for text, weight in entry.phrases:
                for variant in dict.fromkeys((text, as_written(text))):
                    if tokens := plain(variant)[:MAX_TOKENS]:
                        self._whole.setdefault("".join(tokens), []).append(len(self._phrases))
                        self._phrases.append(_Phrase(number, weight, _places_of(tokens), []))
                        rows.append(tokens)
            mine = [phrase.places for phrase in self._phrases[first:]]
            kind = self._kinds.setdefault(entry.kind, _Kind())
            kind.entries += 1
            kind.holders.update(set().union(*mine))
            self._pairs.update(key for places in mine for key in places if len(key) == 2)
            self._unions.append({key: 1 for places in mine for key in places} if len(mine) > 1 else None)
        for number, (phrase, tokens) in enumerate(zip(self._phrases, rows, strict=True)):
            kind = self._kinds[self._entries[phrase.entry].kind]
            for token, filler in zip(tokens, filler_flags(tokens), strict=True):
                phrase.weights.append(kind.weight(_lone_keys(token, "")[0]) * (FILLER if filler else 1.0))
            for key in phrase.places:
                if "~" in key or len(key) == 1 or key[0] in "=^":
                    self._holders.setdefault(key, []).append(number)
        chinese = [(number, tokens) for number, tokens in enumerate(rows) if not all(map(str.isascii, tokens))]
        self._sounds = _Lines((said, number) for number, tokens in chinese for said in pinyin.readings(_joined(tokens)))
        self._letters = _Lines((tuple(pinyin.initials(_joined(tokens))), number) for number, tokens in chinese)

    def find(self, query: str, limit: int) -> list[Hit]:
        """The best entries for the query, best first; equal scores in the order the entries were given.

        Empty when nothing fits. Any text may come: only the start of a very long one is read. About 1 ms.
        """
        tokens = plain(as_written(query[:MAX_CHARACTERS]))[:MAX_TOKENS]
        found = [(self._phrases[number], 1.0) for number in self._whole.get("".join(tokens), ())]
        scores = [(phrase.entry, phrase.weight * score) for phrase, score in found]
        for reading in self._readings(tokens):
            scores += self._matches(reading)
        if tokens and all(map(str.isascii, tokens)):
            scores += self._typed("".join(tokens))
        best: dict[int, float] = {}
        for entry, score in scores:
            best[entry] = max(best.get(entry, FLOOR), round(score, 4))
        floor = max(FLOOR, TAIL * max(best.values(), default=0.0))
        top = heapq.nsmallest(limit, ((-score, entry) for entry, score in best.items() if score > floor))
        return [Hit(self._entries[entry].kind, self._entries[entry].ref, -score) for score, entry in top]

    def _readings(self, tokens: list[str]) -> Iterator[list[_Token]]:
        """What the query may mean: Chinese with foreign words; and, when it is all letters, words or pinyin."""
        said = pinyin.syllables(_joined(tokens))
        fillers = filler_flags(tokens)
        if not all(map(str.isascii, tokens)):
            row: list[_Token] = []
            for token, sound, filler in zip(tokens, said, fillers, strict=True):
                if not token.isascii() or f"={token}" in self._holders:
                    row.append(_Token(token, sound, filler))
                else:
                    row += _typed_tokens(pinyin.cuts(token, 1)[:1])
            yield row
        else:
            words = [_Token(token, token, filler) for token, filler in zip(tokens, fillers, strict=True)]
            if any(key in self._holders for word in words for key in _lone_keys(word.text, "")):
                yield words
            if len(tokens) == 1:
                for cut in pinyin.cuts(tokens[0][:MAX_TOKENS], MAX_CUTS):
                    yield _typed_tokens([cut])
            else:
                yield _typed_tokens([cut for token in tokens for cut in pinyin.cuts(token[:MAX_TOKENS], 1)])

    def _matches(self, tokens: list[_Token]) -> list[tuple[int, float]]:
        """(entry, score) of the phrases that share most with the query."""
        tokens = tokens[:MAX_TOKENS]
        content = sum(not token.filler for token in tokens)
        if not content:
            return []
        ladders = [_ladder(tokens, i, content == 1, self._pairs) for i in range(len(tokens))]
        named = self._named(tokens)
        weights = {name: self._weights(tokens, kind, named, name) for name, kind in self._kinds.items()}

        shared: dict[int, float] = {}
        for key, token in _search_keys(tokens):
            if holders := self._holders.get(key):
                worth = (FILLER if token.filler else 1.0) / math.log2(1 + len(holders))
                for number in holders:
                    shared[number] = shared.get(number, 0.0) + worth
        results = []
        unions: dict[int, float] = {}
        for number in heapq.nlargest(CANDIDATES, shared, key=shared.__getitem__):
            phrase = self._phrases[number]
            weight = weights[self._entries[phrase.entry].kind]
            covered, mask, strongest = _cover(ladders, weight, phrase.places)
            total = sum(weight) + SLACK
            if strongest < STRONG or (strongest < SAME_WORD and covered < BY_SOUND_ONLY * total):
                continue
            meant = sum(w for i, w in enumerate(phrase.weights) if mask >> i & 1) / (sum(phrase.weights) or 1.0)
            score = covered / total * _tempered(meant)
            if union := self._unions[phrase.entry]:
                if phrase.entry not in unions:
                    unions[phrase.entry] = _cover(ladders, weight, union)[0] / total
                score = (1 - TOGETHER) * score + TOGETHER * unions[phrase.entry]
            results.append((phrase.entry, phrase.weight * score))
        return results

    def _named(self, tokens: list[_Token]) -> list[set[str]]:
        """For each token, the kinds of the entries of which a whole phrase stands there."""
        texts = [token.text for token in tokens]
        named: list[set[str]] = [set() for _ in tokens]
        for start in range(len(tokens)):
            for end in range(start + 2, min(len(tokens), start + MAX_NAME) + 1):
                for number in self._whole.get("".join(texts[start:end]), ()):
                    kind = self._entries[self._phrases[number].entry].kind
                    for i in range(start, end):
                        named[i].add(kind)
        return named

    def _weights(self, tokens: list[_Token], kind: _Kind, named: list[set[str]], name: str) -> list[float]:
        weights = []
        named_here = any(name in kinds for kinds in named)
        named_away = [bool(kinds) and name not in kinds for kinds in named]
        all_named_away = all(away or token.filler for away, token in zip(named_away, tokens, strict=True))
        for i, token in enumerate(tokens):
            lone = _lone_keys(token.text, token.said)
            weight = kind.weight(lone[0] if token.text else lone[1]) * (FILLER if token.filler else 1.0)
            around = (tokens[j].text + tokens[j + 1].text for j in (i - 1, i) if 0 <= j < len(tokens) - 1)
            if name not in named[i] and not any(both in kind.holders for both in around):
                if named_away[i] and not all_named_away:
                    weight *= NAMED_ELSEWHERE
                elif named_here and not named[i]:
                    weight *= BESIDE_A_NAME
            weights.append(weight)
        return weights

    def _typed(self, letters: str) -> Iterator[tuple[int, float]]:
        """(entry, score) of the phrases whose pinyin or initials hold the letters as they stand."""
        syllables = len(next(iter(pinyin.cuts(letters, 1)), ()))
        if len(letters) < 2:
            return
        for number, at_start, ends, share in self._sounds.holding(letters):
            if at_start or syllables > 1:
                phrase = self._phrases[number]
                level = TYPED * (1.0 if ends else UNFINISHED) * (1.0 if syllables > 1 else 0.5 + 0.5 * share)
                yield phrase.entry, phrase.weight * level * _tempered(share)
        for number, at_start, _, share in self._letters.holding(letters):
            if share >= 0.5 or (len(letters) > 2 and (at_start or share > 0.3)):
                phrase = self._phrases[number]
                yield phrase.entry, phrase.weight * TYPED_INITIALS * (0.6 + 0.4 * share)
