"""The house stands as DESIGN.md §3 draws it: imports go down, rooms of one floor do not see each other, doors are app.py's."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.settings import ROOT

FLOORS = {
    "common": 0,
    "accounts": 1,
    "services_catalog": 2,
    "maps": 2,
    "sync": 2,
    "stations": 3,
    "posters": 4,
    "pocket": 4,
    "cases": 4,
    "appointments": 5,
    "devices": 6,
    "workload": 6,
}
# No rooms: they look at the house, nobody in it looks at them. The simulator does not even look: see below.
OUTSIDE = {"tests", "tools", "benchmarks", "migrations", "platform_sim"}
DOORS = {"routes", "api", "cli"}
# Inside a room, what a file may never reach, not even through another file of the room. *_import counts as operations.
NEVER_REACHES = {
    "models": {"schema", "queries", "operations", *DOORS},
    "schema": {"queries", "operations", *DOORS},
    "queries": {"operations", *DOORS},
    "operations": DOORS,
}
ROOMS = sorted(folder.parent.name for folder in ROOT.glob("*/__init__.py") if folder.parent.name not in OUTSIDE)
FILES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))


def name_of(file: Path) -> str:
    """stations/routes.py → stations.routes; common/__init__.py → common."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in [*FILES, ROOT / "app.py"]}


def imports_of(source: str) -> Iterator[str]:
    """The names a source imports, inside functions too: `from a import b` gives a and a.b. Relative ones as '.'."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield start
            yield from (f"{start}.{alias.name}" for alias in node.names)


def ours(names: Iterator[str]) -> set[str]:
    """Only names of our own modules, and of rooms that do not exist."""
    return {name for name in names if name in MODULES or name.split(".")[0] in {*FLOORS, "app", *OUTSIDE}}


IMPORTS = {name: ours(imports_of(file.read_text())) for name, file in MODULES.items()}


def faults(module: str, imported: set[str]) -> list[str]:
    """What is wrong with these imports of this module, in words."""
    room = module.split(".")[0]
    found = []
    for name in imported:
        other, _, rest = name.partition(".")
        if name.startswith("."):
            found.append(f"{module} imports relatively: say the whole name")
        elif other == "app" or other in OUTSIDE:
            found.append(f"{module} imports {other}, which is no room")
        elif other != room and FLOORS[other] >= FLOORS[room]:
            found.append(f"{module} (floor {FLOORS[room]}) imports {name} (floor {FLOORS[other]})")
        elif rest.split(".")[0] in DOORS:
            found.append(f"{module} goes through the door {name}: doors are for app.py only")
    return found


def test_the_simulator_judges_with_its_own_code():
    """Only app.py starts it; of the house it knows the settings. What it verified with our arithmetic would prove nothing."""
    for file in (ROOT / "platform_sim").rglob("*.py"):
        known = {name for name in imports_of(file.read_text()) if name.split(".")[0] in {*FLOORS, "app", *OUTSIDE}}
        foreign = {name for name in known if not name.startswith(("platform_sim", "common.settings"))} - {"common"}
        assert foreign == set(), file.name


def test_every_room_has_a_floor():
    assert [room for room in ROOMS if room not in FLOORS] == []


def test_no_package_shadows_the_standard_library():
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {path.stem for path in ROOT.glob("*.py")}
    assert ours & sys.stdlib_module_names == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name != "app"])
def test_imports_go_down_only(module):
    assert faults(module, IMPORTS[module]) == []


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("common.pages", "stations.queries"),
        ("maps.place", "services_catalog.queries"),
        ("services_catalog.queries", "maps.place"),
        ("stations.queries", "app"),
        ("stations.queries", "tests.builders"),
        ("stations.queries", "services_catalog.routes"),
        ("stations.queries", "stations.routes"),
        ("stations.queries", ".models"),
    ],
)
def test_a_wrong_import_is_seen(module, imported):
    assert faults(module, {imported})


def test_imports_inside_functions_are_seen():
    assert set(imports_of("def f():\n    from stations import routes")) >= {"stations.routes"}


def reach(module: str) -> set[str]:
    """Every file of its own room that a module leads to."""
    room, seen, ahead = module.split(".")[0], set(), [module]
    while ahead:
        for name in IMPORTS[ahead.pop()]:
            if name.startswith(f"{room}.") and name in MODULES and name not in seen:
                seen.add(name)
                ahead.append(name)
    return seen


def kind_of(module: str) -> str:
    """Which of the files that every room may have it is: operations for stations.roster_import; its own name otherwise."""
    file = module.split(".")[-1]
    return "operations" if file.endswith("_import") else file


@pytest.mark.parametrize("module", [name for name in MODULES if kind_of(name) in NEVER_REACHES])
def test_inside_a_room_work_flows_from_doors_to_tables(module):
    forbidden = NEVER_REACHES[kind_of(module)]
    assert [name for name in reach(module) if kind_of(name) in forbidden] == []


@pytest.mark.parametrize("module", [name for name in MODULES if "." in name])
def test_no_import_goes_in_a_circle(module):
    assert module not in reach(module)


def test_app_wires_every_door():
    doors = {name for name in MODULES if name.split(".")[-1] in DOORS}
    assert doors - IMPORTS["app"] == set()


def test_migrations_know_every_room_with_tables():
    named = ours(imports_of((ROOT / "migrations" / "env.py").read_text()))
    assert {name for name in MODULES if name.endswith(".models")} - named == set()


@pytest.mark.parametrize("module", MODULES)
def test_every_file_says_what_it_is(module):
    assert ast.get_docstring(ast.parse(MODULES[module].read_text()))


# What only one file, or one kind of file, may do: (what, where it may stand, what to do instead).
KEPT_IN_PLACE = [
    (r"\bflask_babel\b", r"common/", "import from common.i18n: it keeps the catalogue for the request"),
    (r"\bdatetime\.(now|utcnow|today)\(|\bdate\.today\(|\btime\.time\(", r"common/clock\.py", "ask common.clock"),
    (
        r"\.commit\(",
        r"(common/(db|migrate)|accounts/doors|.*/((\w+_)?(routes|cli)|api|demo|loading|worker|pulls|talking))\.py",
        "operations never commit",
    ),
    (r"\brequest\.headers\[?.?.?HX-", r"^$", "ask request.htmx"),
    (r"\brender_template_string\b|\|\s*safe\b|\bMarkup\(", r"^$", "templates escape everything they are given"),
    (r"\b(eval|exec|pickle|marshal|os\.system)\(", r"^$", "not here"),
]


@pytest.mark.parametrize(("what", "where", "instead"), KEPT_IN_PLACE)
def test_some_things_are_done_in_one_place_only(what, where, instead):
    for file in [*FILES, ROOT / "app.py"]:
        path = str(file.relative_to(ROOT))
        if not re.match(where, path):
            lines = [number for number, line in enumerate(file.read_text().splitlines(), 1) if re.search(what, line)]
            assert not lines, f"{path}, lines {lines}: {instead}"
