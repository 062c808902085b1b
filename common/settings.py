"""Settings: read once from the environment, checked before anything starts. Floor 0.

Every setting is named in .env.example and docs/operating.md; a test keeps it so.
"""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, StringConstraints, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "MENKOU_"
DRIVER = "postgresql+psycopg"
ENV_FILE = ".env"
ENCODING = "utf-8-sig"  # some editors put a mark before the first name
ROOT = Path(__file__).resolve().parent.parent
DivisionPrefix = Annotated[str, StringConstraints(pattern=r"^37(\d{4})?$|^37\d{2}$")]


class WrongSetting(SystemExit):
    """One sentence for the person who starts the server; exit code is non-zero, there is no stack trace."""


class Settings(BaseSettings):
    """What an operator may decide. Names in the environment are MENKOU_ + the field in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ENV_FILE, env_file_encoding=ENCODING, extra="ignore")

    mode: Literal["demo", "production"] = "demo"
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    data_dir: Path = ROOT / "var"
    key_dir: Path | None = None
    secret_key: str = ""
    divisions: Annotated[tuple[DivisionPrefix, ...], NoDecode] = ("37",)
    clock: datetime | None = None
    time_scale: Annotated[float, Field(gt=0, le=100_000)] = 1.0
    random_seed: int = 20251119
    hotline: Annotated[str, StringConstraints(pattern=r"^[0-9-]{3,20}$")] = "12393"
    proxies: Annotated[int, Field(ge=0, le=3)] = 0
    development: bool = False
    log_requests: bool = True
    map_tiles: Literal["", "tianditu", "sdmap"] = ""
    map_key: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{0,64}$")] = ""
    map_approval: Annotated[str, StringConstraints(max_length=60)] = ""
    demo_stations: Annotated[int, Field(ge=0, le=35_000)] = 35_000
    public_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$")] = ""
    valhalla_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$")] = ""
    channel: Path | None = None
    retention: Path | None = None

    @property
    def keys_folder(self) -> Path:
        """Where the keys of sealed data lie; in demo mode beside the data, which production does not allow."""
        return self.key_dir or self.data_dir / "keys"

    @field_validator("data_dir", "key_dir", mode="before")
    @classmethod
    def _is_named(cls, value: object) -> object:
        if value == "":  # the folder one happens to stand in
            raise ValueError("must name a folder; in a demo leave the line out for var beside the code")
        return value

    @field_validator("channel", "retention", mode="before")
    @classmethod
    def _may_be_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("channel", "retention")
    @classmethod
    def _is_a_file(cls, value: Path | None, field: ValidationInfo) -> Path | None:
        if value is not None and not value.is_file():
            what = (
                "channel file (docs/sync.md)" if field.field_name == "channel" else "table of periods (docs/privacy.md)"
            )
            raise ValueError(f"must be the path of a {what}, not {str(value)[:40]!r}")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_one_we_speak(cls, value: str) -> str:
        try:
            speaks = not value or make_url(value).drivername in {"sqlite", "postgres", "postgresql", DRIVER}
        except (ArgumentError, ValueError):  # its words would repeat the password
            speaks = False
        if not speaks:
            raise ValueError(
                "must look like postgresql://user:password@host/name (PostgreSQL) or sqlite:////folder/file"
            )
        return value

    @field_validator("divisions", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("clock", mode="before")
    @classmethod
    def _moment(cls, value: object) -> object:
        """Text becomes a moment in UTC; '' is the real time."""
        if not isinstance(value, str):
            return value
        try:
            return _in_utc(datetime.fromisoformat(value)) if value else None
        except (ValueError, OverflowError):
            raise ValueError(
                f"must be a moment with its time zone, for example 2026-11-22T09:00:00+08:00, not {value[:40]!r}"
            ) from None

    @model_validator(mode="after")
    def _production_is_explicit(self) -> "Settings":
        if self.mode == "production":
            if len(self.secret_key) < 32:
                raise ValueError("MENKOU_SECRET_KEY needs at least 32 characters in production")
            if not self.database_url:
                raise ValueError("DATABASE_URL must be set in production")
            if not self.public_url:  # or what is printed would lead to whatever name a request carried
                raise ValueError("MENKOU_PUBLIC_URL must be set in production: it is printed in QR codes")
            if self.key_dir is None:  # or a copy of the data folder would be a copy of the keys
                raise ValueError("MENKOU_KEY_DIR must be set in production: a folder for keys, outside MENKOU_DATA_DIR")
            if self.key_dir.resolve().is_relative_to(self.data_dir.resolve()):
                raise ValueError("MENKOU_KEY_DIR must lie outside MENKOU_DATA_DIR in production")
            if self.development:
                raise ValueError("MENKOU_DEVELOPMENT must be off in production")
        if self.map_tiles and not self.map_key:
            raise ValueError("MENKOU_MAP_KEY must be set where MENKOU_MAP_TILES is: the tile service wants a key")
        if not self.divisions:
            raise ValueError("MENKOU_DIVISIONS must name at least one division prefix, for example 37 or 371302")
        return self

    @property
    def sqlalchemy_url(self) -> str:
        """DATABASE_URL with the driver we use; SQLite in data_dir when none is given."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'menkou.sqlite3'}"
        for plain in ("postgres://", "postgresql://"):
            if self.database_url.startswith(plain):
                return f"{DRIVER}://" + self.database_url.removeprefix(plain)
        return self.database_url


def _in_utc(moment: datetime) -> datetime:
    """Raises ValueError without a time zone, and outside the years that calendars here reckon with."""
    if moment.tzinfo is None or not 2000 <= moment.year < 2100:
        raise ValueError(moment)
    return moment.astimezone(UTC)


def read_settings(**given: object) -> Settings:
    """The settings of this process. Raises WrongSetting with one sentence when one is missing, misspelt or wrong.

    given: values that win over the environment (tests, tools).
    """
    known = {_name(field) for field in Settings.model_fields}
    try:
        named = {*os.environ, *dotenv_values(ENV_FILE, encoding=ENCODING)}
    except UnicodeDecodeError:
        raise WrongSetting(f"The file {ENV_FILE} must be UTF-8 text: save it as UTF-8.") from None
    unknown = sorted(name for name in named if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise WrongSetting(f"Unknown setting {unknown[0]}. The known ones are in .env.example.")
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as problem:
        raise WrongSetting(_sentence(problem)) from None
    if not settings.secret_key:
        settings.secret_key = _demo_secret(settings.data_dir)
    return settings


def _name(field: str) -> str:
    """How the environment calls a field."""
    return str(Settings.model_fields[field].validation_alias or PREFIX + field.upper())


# What a value of the wrong sort should have been.
_MUST_BE = {
    "mode": "'demo' or 'production'",
    "data_dir": "a folder",
    "key_dir": "a folder",
    "divisions": "division prefixes with commas, for example 37, 3713 or 371302",
    "time_scale": "a number greater than 0, at most 100000",
    "random_seed": "a whole number",
    "proxies": "a whole number from 0 to 3",
    "hotline": "a telephone number: 3 to 20 digits or hyphens",
    "development": "true or false",
    "log_requests": "true or false",
    "demo_stations": "a whole number from 0 to 35000",
    "map_tiles": "'tianditu' or 'sdmap', or nothing",
    "map_key": "the key that the tile service gave out: up to 64 letters and digits",
    "map_approval": "the map's approval number (审图号), at most 60 characters",
    "public_url": "an address with http:// or https:// and no ? or #",
    "valhalla_url": "an address with http:// or https:// and no ? or #",
    "channel": "the path of a channel file (docs/sync.md)",
}


def _sentence(problem: ValidationError) -> str:
    first = problem.errors()[0]
    words = str(first["msg"]).removeprefix("Value error, ")
    if not first["loc"]:  # of several settings: its words name them
        return f"A setting is wrong: {words}. See .env.example."
    name = str(first["loc"][0])
    if first["type"] != "value_error":
        was = "" if name == "map_key" else f", not {str(first['input'])[:40]!r}"  # a key is nobody's to read
        words = f"must be {_MUST_BE[name]}{was}"
    return f"The setting {name if name.isupper() else PREFIX + name.upper()} {words}. See .env.example."


def _demo_secret(folder: Path) -> str:
    """Made once and kept, so that a restart does not sign people out. Demo only: production must bring its own."""
    file = folder / "demo-secret"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists() or not file.read_text():
            made = folder / f"demo-secret.{os.getpid()}"  # written aside: two starts at once, or a kill in between
            made.touch(mode=0o600)
            made.write_text(secrets.token_urlsafe(48))
            made.replace(file)
        return file.read_text()
    except OSError as problem:
        words = f"must be a folder that can be written to, unlike {folder} ({problem.strerror})"
        raise WrongSetting(f"The setting {PREFIX}DATA_DIR {words}. See .env.example.") from None
