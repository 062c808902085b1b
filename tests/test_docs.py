"""What can be typed is written down, and what is written down exists: commands, options, make targets, links."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from accounts.audit_schema import ACTION_WORDS
from cases.transitions import Step
from common.settings import ROOT, Settings

MANUAL = ROOT / "docs" / "operating.md"
PAGES = sorted(p for p in [ROOT / "README.md", ROOT / "CHANGES.md", *(ROOT / "docs").rglob("*.md")] if p.exists())
FLASKS_OWN = {"run", "shell", "routes"}


def commands() -> Iterator[tuple[str, click.Command]]:
    """("flask stations import", its command), of every group of ours."""
    from app import create_app

    app = create_app(Settings(_env_file=None, DATABASE_URL="sqlite://", secret_key="t" * 40, log_requests=False))
    for group, command in app.cli.commands.items():
        if isinstance(command, click.Group):
            yield from ((f"flask {group} {name}", sub) for name, sub in command.commands.items())
        elif group not in FLASKS_OWN:
            yield f"flask {group}", command


COMMANDS = dict(commands())
TARGETS = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)


def blocks_about(words: str) -> str:
    """The paragraphs, lists, tables and code of the manual that hold these words, and the text under the same heading."""
    sections = re.split(r"^#+ ", MANUAL.read_text(encoding="utf-8"), flags=re.M)
    return "\n".join(section for section in sections if words in section)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_in_the_manual(name):
    about = blocks_about(name)
    assert about, f"{name} is not in docs/operating.md"
    for option in COMMANDS[name].params:
        if isinstance(option, click.Option):
            assert any(said in about for said in option.opts), f"{name} {option.opts[0]} is not in docs/operating.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    command = COMMANDS[name]
    assert command.help, f"{name} --help says nothing"
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.opts[0]} has no help"


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_is_written_down(target):
    said = (ROOT / "README.md").read_text(encoding="utf-8") + MANUAL.read_text(encoding="utf-8")
    assert re.search(rf"\bmake {target}\b", said)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_commands_that_exist(page):
    words = page.read_text(encoding="utf-8")
    code = " ".join(re.findall(r"`[^`\n]+`|^```.*?^```|^    .+$", words, re.M | re.S))
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code)) <= set(TARGETS)
    groups = {name.split()[1] for name in COMMANDS}
    for group, name in re.findall(r"\bflask ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", code):
        assert group in groups | FLASKS_OWN, f"flask {group}"
        if group in groups and name:
            assert f"flask {group} {name}" in COMMANDS, f"flask {group} {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_in_code_style_exist(page):
    if page.name == "CHANGES.md" or "decisions" in page.parts:  # they also speak of what was
        return
    top = {path.name for path in ROOT.iterdir()} - {"var", "node_modules", ".venv"}
    for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", page.read_text(encoding="utf-8")):
        if name.split("/")[0] in top:
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_decisions_are_numbered_in_one_line():
    numbers = sorted(int(file.name[:4]) for file in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_pages_exist():
    wanted = ["README.md", "CHANGES.md"]
    wanted += [f"docs/{name}.md" for name in ("architecture", "operating", "data-sources")]
    assert [name for name in wanted if not Path(ROOT / name).exists()] == []


# The audit: what stands there is named to auditors and in the manual

AUDITS = {"record", "add_audit", "note_failure", "_note", "_audit"}
COMPOSED = {
    "f'case.{step}'": {f"case.{step}" for step in Step},
    "f'paper.{state}'": {"paper.fit", "paper.unfit"},
    "f'paper.{action}'": {"paper.open", "paper.glance", "paper.add", "paper.remove"},
    "f'{counted[0].kind}.refused'": {"name.refused", "code.refused"},
}


def audited() -> set[str]:
    """Every action that our code writes into the audit."""
    found: set[str] = set()
    for room in ("accounts", "cases", "common", "services_catalog", "stations", "sync", "maps", "posters", "pocket"):
        for file in sorted((ROOT / room).glob("*.py")):
            for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in AUDITS:
                    found |= _named(call)
    return found


def _named(call: ast.Call) -> set[str]:
    found: set[str] = set()
    for said in [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "action")]:
        if isinstance(said, ast.JoinedStr):
            found |= COMPOSED[ast.unparse(said)]
        elif isinstance(said, ast.Constant) and isinstance(said.value, str):
            if "." in said.value or said.value.startswith("sign_"):
                found.add(said.value)
            else:
                assert f"paper.{said.value}" in COMPOSED["f'paper.{action}'"]
    return found


def test_every_audit_action_has_words_for_auditors_and_stands_in_the_manual_and_no_other_does():
    actions = audited()
    listed = set(re.findall(r"^\| `([a-z_.]+)` \| [^|]+ \|$", blocks_about("flask audit verify"), flags=re.M))
    assert set(ACTION_WORDS) == actions
    assert listed == actions
