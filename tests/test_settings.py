"""A server starts with settings that are known, complete and right, or says in one sentence what to mend."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from common.settings import PREFIX, ROOT, Settings, WrongSetting, read_settings

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SECRET = "s" * 32


def environment_name(field: str) -> str:
    return str(Settings.model_fields[field].validation_alias or PREFIX + field.upper())


NAMES = [environment_name(field) for field in Settings.model_fields]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """No setting of the person who runs the tests counts: neither their environment nor their .env."""
    for name in list(os.environ):
        if name.startswith(PREFIX) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MENKOU_DATA_DIR", str(tmp_path / "data"))


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_in_the_example_file_and_in_the_manual(name):
    assert re.search(rf"^# ?{name}=", EXAMPLE, re.M), f"{name} is not in .env.example"
    manual = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert f"`{name}`" in manual, f"{name} is not in docs/operating.md"


def test_example_and_manual_name_no_setting_that_does_not_exist():
    manual = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    for words in (EXAMPLE, manual):
        assert set(re.findall(r"\bMENKOU_[A-Z_]+\b", words)) <= {*NAMES, "MENKOU_SHOTS"}


def test_without_any_setting_it_is_a_demo_on_sqlite(tmp_path):
    settings = read_settings()
    assert (settings.mode, settings.development, settings.clock, settings.time_scale) == ("demo", False, None, 1.0)
    assert settings.sqlalchemy_url == f"sqlite:///{tmp_path}/data/menkou.sqlite3"
    assert settings.divisions == ("37",)


def test_every_line_of_the_example_file_is_a_setting_that_works(monkeypatch):
    for name, value in re.findall(r"^# ?([A-Z_]+)=(\S*)", EXAMPLE, re.M):
        if name in NAMES:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("MENKOU_MODE", "demo")
    assert read_settings().mode == "demo"


@pytest.mark.parametrize(
    ("given", "names", "says"),
    [
        ({"MENKOU_MOED": "demo"}, "MENKOU_MOED", "Unknown setting"),
        ({"MENKOU_DATABASE_URL": "sqlite://"}, "MENKOU_DATABASE_URL", "Unknown setting"),
        ({"MENKOU_MODE": "test"}, "MENKOU_MODE", "'demo' or 'production'"),
        ({"MENKOU_MODE": ""}, "MENKOU_MODE", "'demo' or 'production'"),
        ({"MENKOU_DIVISIONS": "11"}, "MENKOU_DIVISIONS", ""),
        ({"MENKOU_DIVISIONS": "37,3713,"}, None, ""),
        ({"MENKOU_DIVISIONS": ""}, "MENKOU_DIVISIONS", "at least one"),
        ({"MENKOU_CLOCK": "2026-11-22T09:00:00"}, "MENKOU_CLOCK", "time zone"),
        ({"MENKOU_CLOCK": "yesterday"}, "MENKOU_CLOCK", "datetime"),
        ({"MENKOU_CLOCK": ""}, None, ""),
        ({"MENKOU_TIME_SCALE": "0"}, "MENKOU_TIME_SCALE", "greater than 0"),
        ({"MENKOU_TIME_SCALE": "nan"}, "MENKOU_TIME_SCALE", ""),
        ({"MENKOU_TIME_SCALE": "fast"}, "MENKOU_TIME_SCALE", "number"),
        ({"MENKOU_HOTLINE": "call me"}, "MENKOU_HOTLINE", ""),
        ({"MENKOU_DEVELOPMENT": "perhaps"}, "MENKOU_DEVELOPMENT", "boolean"),
        ({"MENKOU_DEMO_STATIONS": "-1"}, "MENKOU_DEMO_STATIONS", ""),
        ({"MENKOU_MAP_TILES": "osm"}, "MENKOU_MAP_TILES", "'tianditu' or 'sdmap'"),
        ({"MENKOU_MAP_TILES": "tianditu"}, "MENKOU_MAP_KEY", "wants a key"),
        ({"MENKOU_MAP_TILES": "sdmap", "MENKOU_MAP_KEY": "a'b"}, "MENKOU_MAP_KEY", ""),
        ({"MENKOU_MAP_TILES": "sdmap", "MENKOU_MAP_KEY": "a1B2"}, None, ""),
        ({"MENKOU_DATA_DIR": "/dev/null/data"}, "MENKOU_DATA_DIR", ""),
        ({"DATABASE_URL": "my database"}, "DATABASE_URL", ""),
        ({"DATABASE_URL": "mysql://somewhere/menkou"}, "DATABASE_URL", "PostgreSQL"),
        ({"DATABASE_URL": "postgres://menkou@db/menkou"}, None, ""),
        ({"MENKOU_MODE": "production"}, "MENKOU_SECRET_KEY", "32"),
        ({"MENKOU_MODE": "production", "MENKOU_SECRET_KEY": "short"}, "MENKOU_SECRET_KEY", "32"),
        ({"MENKOU_MODE": "production", "MENKOU_SECRET_KEY": SECRET}, "DATABASE_URL", "production"),
        (
            {"MENKOU_MODE": "production", "MENKOU_SECRET_KEY": SECRET, "DATABASE_URL": "sqlite:///x.sqlite3"},
            None,
            "",
        ),
        (
            {
                "MENKOU_MODE": "production",
                "MENKOU_SECRET_KEY": SECRET,
                "DATABASE_URL": "sqlite:///x.sqlite3",
                "MENKOU_DEVELOPMENT": "on",
            },
            "MENKOU_DEVELOPMENT",
            "off in production",
        ),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(monkeypatch, given, names, says):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    if names is None:
        read_settings()
        return
    with pytest.raises(WrongSetting) as stopped:
        read_settings()
    sentence = str(stopped.value)
    assert names in sentence
    assert says in sentence
    assert len(sentence.splitlines()) == 1
    assert len(sentence) < 200


def test_a_secret_is_never_repeated_in_the_sentence(monkeypatch):
    monkeypatch.setenv("MENKOU_MODE", "production")
    monkeypatch.setenv("MENKOU_SECRET_KEY", "hunter2")
    with pytest.raises(WrongSetting) as stopped:
        read_settings()
    assert "hunter2" not in str(stopped.value)


def test_a_misspelt_name_in_the_env_file_is_found_too(tmp_path):
    (tmp_path / ".env").write_text("MENKOU_HOTLIEN=12345\n")
    with pytest.raises(WrongSetting, match="MENKOU_HOTLIEN"):
        read_settings()


def test_the_environment_wins_over_the_env_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("MENKOU_HOTLINE=11111\nMENKOU_TIME_SCALE=3\nOTHER_PROGRAM=x\n")
    monkeypatch.setenv("MENKOU_HOTLINE", "22222")
    assert (read_settings().hotline, read_settings().time_scale) == ("22222", 3.0)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://menkou@db/menkou", "postgresql+psycopg://menkou@db/menkou"),
        ("postgresql://menkou@db/menkou", "postgresql+psycopg://menkou@db/menkou"),
        ("postgresql+psycopg://menkou@db/menkou", "postgresql+psycopg://menkou@db/menkou"),
        ("sqlite:////srv/menkou.sqlite3", "sqlite:////srv/menkou.sqlite3"),
    ],
)
def test_a_database_may_be_named_the_way_hosters_write_it(monkeypatch, given, used):
    monkeypatch.setenv("DATABASE_URL", given)
    assert read_settings().sqlalchemy_url == used


def test_the_clock_is_kept_in_utc(monkeypatch):
    monkeypatch.setenv("MENKOU_CLOCK", "2026-11-23T10:00:00+08:00")
    assert read_settings().clock == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_the_demo_secret_is_made_once_and_readable_by_its_owner_only(tmp_path):
    first = read_settings().secret_key
    assert len(first) >= 32
    assert read_settings().secret_key == first
    assert (tmp_path / "data" / "demo-secret").stat().st_mode & 0o077 == 0


def test_a_server_with_a_wrong_setting_stops_without_a_stack_trace(tmp_path):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "MENKOU_MODE": "production"}
    command = [sys.executable, "-c", "import app; app.create_app()"]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "MENKOU_SECRET_KEY" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
