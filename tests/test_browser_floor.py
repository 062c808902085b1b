"""Styles, scripts and templates keep to what Chrome/WebView 80 and iOS 14 understand (DESIGN.md §4, decision "Ground").

No phone of that age is at hand, so what came after them is forbidden by name. What an older browser may leave out without
harm (text-wrap, accent-color, …) is not on the lists: they hold what would break a layout, a rule or a script.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tinycss2

from common.assets import LIBRARIES, NODE_MODULES, STATIC
from common.settings import ROOT

ACORN = NODE_MODULES / "acorn" / "bin" / "acorn"
SCRIPTS = sorted(STATIC.glob("*.js"))
STYLES = sorted(STATIC.glob("*.css"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

# ---- scripts

# Chrome 80 and iOS 13.4 were the first with `?.` and `??`: libraries may use them, we keep a step below.
OURS, LIBRARY = "ecma2019", "ecma2020"

NEWER_SCRIPT = {
    r"\(\?<[=!]": "lookbehind: iOS 16.4",
    r"\bstructuredClone\b": "Chrome 98, iOS 15.4",
    r"\.at\(": "Chrome 92, iOS 15.4",
    r"\.replaceAll\(": "Chrome 85",
    r"\.replaceChildren\(": "Chrome 86",
    r"\.(findLast|findLastIndex|toSorted|toReversed|toSpliced|groupBy|isWellFormed)\(": "Chrome 97 and later",
    r"\bObject\.(hasOwn|groupBy)\b": "Chrome 93",
    r"\bPromise\.(any|withResolvers|try)\b": "Chrome 85",
    r"\bArray\.fromAsync\b": "Chrome 121",
    r"\b(WeakRef|FinalizationRegistry|AggregateError|CompressionStream|DecompressionStream)\b": "Chrome 80–85, iOS 14.5",
    r"\bAbortSignal\.(timeout|any|abort)\b": "Chrome 93–116",
    r"\bcrypto\.randomUUID\b": "Chrome 92, iOS 15.4",
    r"\bBroadcastChannel\b": "iOS 15.4",
    r"\b(requestIdleCallback|scheduler)\b": "no iOS",
    r"\.(showModal|showPopover|togglePopover|checkVisibility|startViewTransition|requestSubmit)\(": "iOS 15.4 and later",
    r"\.inert\b": "Chrome 102, iOS 15.5",
    r":(has|is|where)\(": "in a selector: Chrome 88–105",
    r":focus-visible": "in a selector: Chrome 86",
}


def node() -> str | None:
    return shutil.which("node", path=f"{ROOT}/.venv/bin{os.pathsep}{os.environ.get('PATH', '')}")


@pytest.fixture
def parses():
    """parses(source, "ecma2019") → "" or what acorn complains of. Skipped where there is no Node, never in CI."""
    if node() is None or not ACORN.exists():
        message = "Node or acorn is not installed: scripts were not parsed"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)

    def parse(source: str, language: str) -> str:
        command = [node(), str(ACORN), f"--{language}", "--silent"]
        return subprocess.run(command, input=source, capture_output=True, text=True, check=False).stderr.strip()

    return parse


def script_faults(source: str) -> list[str]:
    words = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", source, flags=re.S)
    return [f"{found.group()} ({why})" for what, why in NEWER_SCRIPT.items() for found in re.finditer(what, words)]


def test_there_is_something_to_look_at():
    assert SCRIPTS
    assert STYLES
    assert TEMPLATES


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_our_scripts_are_es2019_and_call_nothing_newer(file, parses):
    assert parses(file.read_text(encoding="utf-8"), OURS) == ""
    assert script_faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", [name for name in LIBRARIES if name.endswith(".js")])
def test_libraries_parse_on_the_oldest_browser(name, parses):
    source = (NODE_MODULES / LIBRARIES[name]).read_text(encoding="utf-8")
    assert parses(source, LIBRARY) == ""
    assert not re.search(r"\(\?<[=!]", source), "lookbehind stops the whole file on iOS before 16.4"


@pytest.mark.parametrize("source", ["a?.b", "a ?? b", "class A { #b = 1 }", "a ||= 1", "1_000", "await x"])
def test_newer_syntax_is_seen(source, parses):
    assert parses(source, OURS)


@pytest.mark.parametrize(
    "source",
    ["/(?<=a)b/", "list.at(-1)", "words.replaceAll('a', 'b')", "dialog.showModal()", "find('a:has(b)')"],
)
def test_newer_calls_are_seen(source):
    assert script_faults(source)


def test_comments_and_addresses_are_not_code():
    assert script_faults("/* list.at(-1) */ x = 'https://a.b/c'; // :has(") == []


# ---- styles

NEWER_AT_RULES = {"container", "layer", "property", "scope", "starting-style", "view-transition", "position-try"}
NEWER_PROPERTIES = {
    *("inset", "inset-block", "inset-inline", "aspect-ratio", "translate", "rotate", "scale", "overflow-clip-margin"),
    *(f"{box}-{axis}" for box in ("margin", "padding", "border") for axis in ("block", "inline")),
    *("container", "container-type", "container-name", "mask", "mask-image", "field-sizing", "interpolate-size"),
}
NEEDS_PREFIX = {"appearance", "user-select", "print-color-adjust", "text-size-adjust", "backdrop-filter", "hyphens"}
GAPS = {"gap", "row-gap", "column-gap", "grid-gap"}
NEWER_UNITS = re.compile(r"^(d|s|l)v(h|w|i|b|min|max)$|^(cq\w+|rlh|lh|cap|ric|rcap)$")
NEWER_FUNCTIONS = {
    *("color-mix", "oklch", "oklab", "lab", "lch", "hwb", "color", "light-dark", "round", "mod", "rem", "sin", "cos"),
    *("anchor", "linear", "if", "calc-size", "image-set"),
}
NEWER_PSEUDO = re.compile(
    r":(is|where|has|matches|user-invalid|user-valid|modal|popover-open|open|state)\b|::(backdrop|marker|part|details-content)\b"
)


def style_faults(css: str) -> list[str]:
    """What in a style sheet the floor would not understand, one sentence each."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return [fault for rule in rules for fault in rule_faults(rule)]


def rule_faults(rule) -> list[str]:
    if rule.type == "error":
        return [f"line {rule.source_line}: {rule.message}"]
    if rule.type == "at-rule":
        return at_rule_faults(rule)
    selector = tinycss2.serialize(rule.prelude).strip()
    inside = tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True)
    found = selector_faults(selector)
    found += [f"{selector}: rules inside rules" for part in inside if part.type == "qualified-rule"]
    found += [f"{selector}: {part.message}" for part in inside if part.type == "error"]
    declared = [part for part in inside if part.type == "declaration"]
    return found + [f"{selector}: {fault}" for fault in declaration_faults(declared)]


def at_rule_faults(rule) -> list[str]:
    name = rule.lower_at_keyword
    prelude = tinycss2.serialize(rule.prelude)
    if name == "supports":  # whoever does not understand it skips it; what stands before it must do
        return []
    if name in NEWER_AT_RULES:
        return [f"@{name}"]
    if name == "media":
        inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        range_written = [f"@media {prelude}: write min-width, not <="] if re.search(r"[<>]", prelude) else []
        return range_written + [fault for part in inside for fault in rule_faults(part)]
    if name in {"page", "font-face"}:
        return []
    return [f"@{name} is not on the list: look it up, then add it to this test"]


def selector_faults(selector: str) -> list[str]:
    found = [f"{selector}: {part.group()}" for part in NEWER_PSEUDO.finditer(selector)]
    if "&" in selector:
        found.append(f"{selector}: &")
    if any("," in part or " " in part.strip() for part in re.findall(r":not\(([^)]*)\)", selector)):
        found.append(f"{selector}: :not() of a list or of more than one part")
    if ":focus-visible" in selector and selector != ":focus:not(:focus-visible)":
        # On its own it only takes the ring away from a mouse; an older browser drops the rule and keeps the ring.
        found.append(f"{selector}: :focus-visible")
    return found


def declaration_faults(declared: list) -> list[str]:
    found = []
    names = [part.lower_name for part in declared]
    displays = {tinycss2.serialize(part.value).strip() for part in declared if part.lower_name == "display"}
    for number, part in enumerate(declared):
        name = part.lower_name
        if name in NEWER_PROPERTIES:
            found.append(name)
        if name in NEEDS_PREFIX and f"-webkit-{name}" not in names:
            found.append(f"{name} without -webkit-{name}")
        if name in GAPS and not displays & {"grid", "inline-grid"}:
            found.append(f"{name} outside a grid: the rule must say display:grid itself")
        fallback = name in names[:number]
        for token in tokens_of(part.value):
            if token.type == "dimension" and NEWER_UNITS.match(token.lower_unit) and not fallback:
                found.append(f"{name}: {token.lower_unit} without a line before that does without")
            if token.type == "function" and token.lower_name in NEWER_FUNCTIONS and not fallback:
                found.append(f"{name}: {token.lower_name}()")
        if (
            name in {"overflow", "overflow-x", "overflow-y"}
            and "clip" in tinycss2.serialize(part.value)
            and not fallback
        ):
            found.append("overflow: clip")
    return found


def tokens_of(values: list):
    for token in values:
        yield token
        yield from tokens_of(getattr(token, "arguments", None) or getattr(token, "content", None) or [])


@pytest.mark.parametrize("file", STYLES, ids=lambda file: file.name)
def test_our_styles_are_understood_by_the_oldest_browser(file):
    assert style_faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "css",
    [
        "a:is(b,c){color:red}",
        "a:has(b){color:red}",
        "a:not(.b,.c){color:red}",
        "a:not(.b .c){color:red}",
        "a:focus-visible{color:red}",
        "a{color:red;& b{color:blue}}",
        "a{.b{color:blue}}",
        "a{inset:0}",
        "a{aspect-ratio:1}",
        "a{padding-inline:1px}",
        "a{display:flex;gap:8px}",
        "a{gap:8px}",
        "@media print{a{display:flex;column-gap:8px}}",
        "a{min-height:100dvh}",
        "a{width:calc(100svw - 1px)}",
        "a{color:color-mix(in srgb,red,blue)}",
        "a{appearance:none}",
        "a{overflow:clip}",
        "@layer x{a{color:red}}",
        "@container (min-width:1px){a{color:red}}",
        "@media (width>=48em){a{color:red}}",
        "a{color red}",
        "a{color:red}}",
    ],
)
def test_newer_styles_are_seen(css):
    assert style_faults(css)


@pytest.mark.parametrize(
    "css",
    [
        "a:not(.b):not(.c){color:red}",
        ":focus:not(:focus-visible){outline:0}",
        "a{display:grid;gap:8px}",
        "a{min-height:100vh;min-height:100dvh}",
        "a{-webkit-appearance:none;appearance:none}",
        "@supports(selector(:has(a))){a:has(b){gap:1px}}",
        "a{margin-inline-start:1px;width:calc(100% - 1px);color:#0000}",
    ],
)
def test_what_the_floor_understands_or_skips_is_allowed(css):
    assert style_faults(css) == []


# ---- templates

NEWER_HTML = {
    r"<dialog\b": "iOS 15.4",
    r"\spopover(target)?\b(?==|>|\s)": "Chrome 114",
    r"\sinert\b(?==|>|\s)": "Chrome 102",
    r"<search\b": "Chrome 118",
    r'type="(date(?!" data-near)|month|week|datetime-local)"': "no wheel for a birth year (DESIGN.md §6)",
    r"<(script|link)[^>]*\b(integrity|crossorigin)=": "our own host only",
}


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(Path(file).relative_to(ROOT / "templates")))
def test_templates_use_no_newer_elements(file):
    words = file.read_text(encoding="utf-8")
    assert [why for what, why in NEWER_HTML.items() if re.search(what, words)] == []
