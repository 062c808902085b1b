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


PRODUCTION = {
    "MENKOU_MODE": "production",
    "MENKOU_SECRET_KEY": SECRET,
    "DATABASE_URL": "sqlite:///x.sqlite3",
    "MENKOU_PUBLIC_URL": "https://menkou.example",
    "MENKOU_KEY_DIR": "/etc/menkou/keys",
}
# What is set; the setting the sentence names; what else it says.
WRONG = [
    ({"MENKOU_MOED": "demo"}, "MENKOU_MOED", "Unknown setting"),
    ({"MENKOU_DATABASE_URL": "sqlite://"}, "MENKOU_DATABASE_URL", "Unknown setting"),
    ({"MENKOU_MODE": "test"}, "MENKOU_MODE", "must be 'demo' or 'production', not 'test'"),
    ({"MENKOU_MODE": ""}, "MENKOU_MODE", "must be 'demo' or 'production', not ''"),
    ({"MENKOU_DIVISIONS": "11"}, "MENKOU_DIVISIONS", "for example 37, 3713 or 371302, not '11'"),
    ({"MENKOU_DIVISIONS": "37，3713"}, "MENKOU_DIVISIONS", "with commas"),
    ({"MENKOU_DIVISIONS": ""}, "MENKOU_DIVISIONS", "at least one"),
    ({"MENKOU_CLOCK": "abc"}, "MENKOU_CLOCK", "must be a moment with its time zone"),
    ({"MENKOU_CLOCK": "2026-11-22T09:00:00"}, "MENKOU_CLOCK", "time zone"),
    ({"MENKOU_CLOCK": "2026-11-22"}, "MENKOU_CLOCK", "time zone"),
    ({"MENKOU_CLOCK": "1763773200"}, "MENKOU_CLOCK", "time zone"),
    ({"MENKOU_CLOCK": "0001-01-01T00:00:00+08:00"}, "MENKOU_CLOCK", "for example 2026-11-22T09:00:00+08:00"),
    ({"MENKOU_CLOCK": "9999-12-31T23:59:59-08:00"}, "MENKOU_CLOCK", "for example 2026-11-22T09:00:00+08:00"),
    ({"MENKOU_TIME_SCALE": "0"}, "MENKOU_TIME_SCALE", "greater than 0, at most 100000, not '0'"),
    ({"MENKOU_TIME_SCALE": "nan"}, "MENKOU_TIME_SCALE", "not 'nan'"),
    ({"MENKOU_TIME_SCALE": "1e9"}, "MENKOU_TIME_SCALE", "at most 100000"),
    ({"MENKOU_TIME_SCALE": "fast"}, "MENKOU_TIME_SCALE", "a number"),
    ({"MENKOU_RANDOM_SEED": "1.5"}, "MENKOU_RANDOM_SEED", "a whole number, not '1.5'"),
    ({"MENKOU_RANDOM_SEED": "9" * 5000}, "MENKOU_RANDOM_SEED", "a whole number"),
    ({"MENKOU_HOTLINE": "call me"}, "MENKOU_HOTLINE", "a telephone number"),
    ({"MENKOU_PROXIES": "many"}, "MENKOU_PROXIES", "a whole number from 0 to 3"),
    ({"MENKOU_DEVELOPMENT": "perhaps"}, "MENKOU_DEVELOPMENT", "true or false, not 'perhaps'"),
    ({"MENKOU_LOG_REQUESTS": ""}, "MENKOU_LOG_REQUESTS", "true or false, not ''"),
    ({"MENKOU_DEMO_STATIONS": "-1"}, "MENKOU_DEMO_STATIONS", "a whole number from 0 to 35000, not '-1'"),
    ({"MENKOU_DEMO_STATIONS": "35001"}, "MENKOU_DEMO_STATIONS", "from 0 to 35000"),
    ({"MENKOU_MAP_TILES": "osm"}, "MENKOU_MAP_TILES", "'tianditu' or 'sdmap'"),
    ({"MENKOU_MAP_TILES": "tianditu"}, "MENKOU_MAP_KEY", "wants a key"),
    ({"MENKOU_MAP_TILES": "sdmap", "MENKOU_MAP_KEY": "a'b"}, "MENKOU_MAP_KEY", "letters and digits. See"),
    ({"MENKOU_MAP_APPROVAL": "长" * 61}, "MENKOU_MAP_APPROVAL", "60 characters"),
    ({"MENKOU_PUBLIC_URL": "menkou.example"}, "MENKOU_PUBLIC_URL", "http://"),
    ({"MENKOU_VALHALLA_URL": "ftp://roads"}, "MENKOU_VALHALLA_URL", "http://"),
    ({"MENKOU_DATA_DIR": "/dev/null/data"}, "MENKOU_DATA_DIR", "a folder that can be written to"),
    ({"MENKOU_CHANNEL": "/nowhere/channel.toml"}, "MENKOU_CHANNEL", "must be the path of a channel file"),
    ({"MENKOU_RETENTION": "/nowhere/periods.csv"}, "MENKOU_RETENTION", "must be the path of a table of periods"),
    ({"MENKOU_DATA_DIR": ""}, "MENKOU_DATA_DIR", "must name a folder"),
    ({"MENKOU_KEY_DIR": ""}, "MENKOU_KEY_DIR", "must name a folder"),
    ({"DATABASE_URL": "my database"}, "DATABASE_URL", "must look like"),
    ({"DATABASE_URL": "mysql://somewhere/menkou"}, "DATABASE_URL", "PostgreSQL"),
    ({"MENKOU_MODE": "production"}, "MENKOU_SECRET_KEY", "32"),
    (PRODUCTION | {"MENKOU_SECRET_KEY": "short"}, "MENKOU_SECRET_KEY", "32"),
    (PRODUCTION | {"DATABASE_URL": ""}, "DATABASE_URL", "production"),
    (PRODUCTION | {"MENKOU_PUBLIC_URL": ""}, "MENKOU_PUBLIC_URL", "production"),
    ({name: value for name, value in PRODUCTION.items() if name != "MENKOU_KEY_DIR"}, "MENKOU_KEY_DIR", "must be set"),
    (PRODUCTION | {"MENKOU_DATA_DIR": "d", "MENKOU_KEY_DIR": "d/x/../keys"}, "MENKOU_KEY_DIR", "outside"),
    (PRODUCTION | {"MENKOU_DEVELOPMENT": "on"}, "MENKOU_DEVELOPMENT", "off in production"),
]


@pytest.mark.parametrize(("given", "names", "says"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_setting_is_named_in_one_sentence_of_our_own(monkeypatch, given, names, says):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting) as stopped:
        read_settings()
    sentence = str(stopped.value)
    assert names in sentence
    assert says in sentence
    assert len(sentence.splitlines()) == 1
    assert len(sentence) < 200
    assert not re.search("Input|valid|pydantic|parse|Value error", sentence)


def test_every_setting_is_tried_with_a_wrong_value():
    assert set(NAMES) - {names for _given, names, _says in WRONG} == set()


@pytest.mark.parametrize(
    "given",
    [
        {"MENKOU_DIVISIONS": "37,3713,"},
        {"MENKOU_CLOCK": ""},
        {"DATABASE_URL": "postgres://menkou@db/menkou"},
        PRODUCTION,
    ],
    ids=str,
)
def test_what_is_right_is_taken(monkeypatch, given):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    read_settings()


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


def test_an_env_file_may_begin_with_the_mark_that_some_editors_write(tmp_path):
    (tmp_path / ".env").write_text("MENKOU_HOTLINE=11111\n", encoding="utf-8-sig")
    assert read_settings().hotline == "11111"


def test_an_env_file_in_another_encoding_is_one_sentence(tmp_path):
    (tmp_path / ".env").write_text("# 热线\nMENKOU_HOTLINE=11111\n", encoding="gb18030")
    with pytest.raises(WrongSetting, match=r"^The file \.env must be UTF-8 text"):
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
