"""A channel: how one platform is reached, what its envelope says, how its answers are read. All of it is data. Room `sync`.

Read from a TOML file (sync/data/simulator.toml is one); secrets lie in files beside the key ring and are only named there.
"""

import base64
import re
import ssl
import stat
import tomllib
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sync import sm

Verdict = Literal["retry", "reject", "unknown", "sign_in", "pause", "resync"]
SHIPPED = Path(__file__).parent / "data" / "simulator.toml"
NAME = "province"  # what the rooms above owe to (cases/news.py): a channel of another name would never send anything
REASON = Annotated[str, StringConstraints(pattern=r"^(\S.{4,})?$", max_length=200)]


class WrongChannel(RuntimeError):
    """The channel file or a file it names cannot be used. One sentence, no secret."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnvelopeFields(_Part):
    """Constants of every request; `extra` holds what a province adds (fixmedins_soft_fcty, encType …)."""

    fixmedins_code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{12}$")]
    fixmedins_name: Annotated[str, StringConstraints(max_length=200)]
    mdtrtarea_admvs: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
    insuplc_admdvs: str = ""
    recer_sys_code: Annotated[str, StringConstraints(max_length=10)]
    infver: Annotated[str, StringConstraints(max_length=6)] = "V1.0"
    opter_type: Literal["1", "2", "3"] = "3"
    opter: Annotated[str, StringConstraints(max_length=30)]
    opter_name: Annotated[str, StringConstraints(max_length=50)]
    mac: Annotated[str, StringConstraints(max_length=20)] = ""  # of sign-in (9001)
    ip: Annotated[str, StringConstraints(min_length=1, max_length=20)] = "127.0.0.1"
    # The area with which the platform's own message numbers begin; empty: it is not looked at.
    answers_from: Annotated[str, StringConstraints(pattern=r"^(\d{6})?$")] = ""
    extra: dict[str, str] = {}


class Headers(_Part):
    """How the gateway knows us: x-tif (P1), a bearer token (P3), or nothing."""

    profile: Literal["x-tif", "bearer", "none"] = "none"
    paasid: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$")] = ""
    token_file: str = ""
    token_path: str = ""  # P3: where a token is fetched
    client_file: str = ""  # P3: client id and secret, two lines
    user_file: str = ""  # P3 with the password grant: user name and password, two lines; empty: client credentials


class Signing(_Part):
    """SM2 over the serialised input."""

    on: bool = False
    signer_id: str = "1234567812345678"
    key_file: str = ""
    platform_key_file: str = ""
    verify_answers: bool = True
    unverified_because: REASON = ""  # needed where answers are not verified
    # What the platform's signature covers: its output alone, as seen with one provincial client, or its code and number too.
    answer_covers: Literal["output", "code-number-output"] = "output"


class Encryption(_Part):
    """SM4-ECB of the serialised input."""

    on: bool = False
    key_file: str = ""


class Limits(_Part):
    """Sizes in characters, times in seconds."""

    input_chars: Annotated[int, Field(ge=1_000, le=1_000_000)] = 40_000
    connect_s: Annotated[float, Field(gt=0, le=60)] = 5
    read_s: Annotated[float, Field(gt=0, le=600)] = 30
    clock_skew_s: Annotated[float, Field(gt=0)] = 180
    lease_s: Annotated[float, Field(gt=0, le=3_600)] = 300  # after it another worker takes over what a dead one held


class Backoff(_Part):
    """After a failure: between nothing and first_s · 2ⁿ, at most longest_s, until it arrives; after alarm_h a person is
    called."""

    first_s: Annotated[float, Field(gt=0)] = 5
    longest_s: Annotated[float, Field(gt=0)] = 1_800
    alarm_h: Annotated[float, Field(gt=0)] = 72


class AnswerRule(_Part):
    """One row of how answers are read."""

    code: str
    words: str = ""
    then: Verdict


class Transaction(_Part):
    """One logical name."""

    infno: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{4,6}$")]
    node: str
    path: str = ""
    effect: bool = False
    query: str = ""  # what to ask when the answer to it is unclear
    repeatable: bool = False  # may be sent again without asking
    gives: str = ""  # the name that every right answer carries in `output`; without it code 0 proves nothing
    batch: Annotated[int, Field(ge=1, le=500)] = 1
    read_s: float | None = None


class Profile(_Part):
    """The whole file."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,20}$")]
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")]
    plain_http_because: REASON = ""  # needed where http:// leads to another machine
    ca_file: str = ""  # certificates that sign the platform's, beside the secrets; empty: those of this machine
    path: str
    envelope: EnvelopeFields
    headers: Headers = Headers()
    signing: Signing = Signing()
    encryption: Encryption = Encryption()
    limits: Limits = Limits()
    backoff: Backoff = Backoff()
    answers: tuple[AnswerRule, ...] = ()
    transactions: dict[str, Transaction]
    pull_s: Annotated[float, Field(gt=0)] = 60  # between two pulls of decisions
    roster_s: Annotated[float, Field(gt=0)] = 86_400  # between two pulls of the list of stations
    keep_days: Annotated[float, Field(gt=0)] = 30  # how long the body of what arrived is kept

    def url(self, logical: str) -> str:
        """Where this transaction is posted to."""
        transaction = self.transactions[logical]
        path = transaction.path or self.path
        return self.base_url.rstrip("/") + path.replace("{infno}", transaction.infno)


@dataclass(frozen=True)
class Channel:
    """A profile with its secrets."""

    profile: Profile
    token: str = field(default="", repr=False)
    client: tuple[str, str] = field(default=("", ""), repr=False)
    user: tuple[str, str] = field(default=("", ""), repr=False)
    signer: sm.Signer | None = field(default=None, repr=False)
    platform_key: bytes = b""
    sm4_key: bytes = field(default=b"", repr=False)
    ca_file: Path | None = None

    @property
    def name(self) -> str:
        """What entries of the outbox call it."""
        return self.profile.name


def read_channel(file: Path, secrets: Path, at: str = "") -> Channel:
    """The channel of a TOML file, its secrets from the files it names in `secrets`. Raises WrongChannel.

    at: where the platform is instead of base_url (the demo's simulator takes another port when its own is taken).
    """
    profile = read_profile(file)
    if at:
        profile = profile.model_copy(update={"base_url": at})
    signing, encryption, headers = profile.signing, profile.encryption, profile.headers
    if not file.samefile(SHIPPED):  # that one leads to the demo's simulator only
        _keep_apart(secrets, signing.platform_key_file if _verifies(signing) else "", profile.ca_file)
    return Channel(
        profile,
        token=_text(secrets, headers.token_file) if headers.profile == "x-tif" else "",
        client=_pair(secrets, headers.client_file) if headers.profile == "bearer" else ("", ""),
        user=_pair(secrets, headers.user_file) if headers.profile == "bearer" and headers.user_file else ("", ""),
        signer=_signer(secrets, signing) if signing.on else None,
        platform_key=_bytes(secrets, signing.platform_key_file, sm.PUBLIC_BYTES) if _verifies(signing) else b"",
        sm4_key=_bytes(secrets, encryption.key_file, 16) if encryption.on else b"",
        ca_file=_certificates(secrets / profile.ca_file) if profile.ca_file else None,
    )


def alarm_of(file: Path | None) -> timedelta:
    """For how long an entry is tried until a person is called, as a channel's file says; the usual time where there is none, or
    it cannot be read."""
    try:
        backoff = read_profile(file).backoff if file else Backoff()
    except WrongChannel:
        backoff = Backoff()
    return timedelta(hours=backoff.alarm_h)


def read_profile(file: Path) -> Profile:
    """The profile alone. Raises WrongChannel with the first thing that is wrong."""
    try:
        profile = Profile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as problem:
        raise WrongChannel(f"The channel file {file.name} cannot be read: {problem.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise WrongChannel(f"The channel file {file.name} is not TOML.") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WrongChannel(f"The channel file {file.name}: {where}: {first['msg']}.") from None
    wrong = _contradiction(profile)
    if wrong:
        raise WrongChannel(f"The channel file {file.name}: {wrong}.")
    return profile


def _contradiction(profile: Profile) -> str | None:
    """What no single line of the file can say."""
    limits, names = profile.limits, profile.transactions
    if profile.name != NAME:
        return f'name must be "{NAME}": what is owed is owed to that name'
    if not _is_safe(profile.base_url) and not profile.plain_http_because:
        return "base_url must be https://, or plain_http_because must say why others on the way may read and change it"
    if not _verifies(profile.signing) and not profile.signing.unverified_because:
        return "answers are not verified: signing.unverified_because must say why anybody's answer may be believed"
    for name, transaction in names.items():
        if transaction.query and transaction.query not in names:
            return f"{name} asks {transaction.query}, which is not there"
        if transaction.effect and not (transaction.query or transaction.repeatable):
            return f"{name} has an effect, so it needs a query or must be repeatable"
        if transaction.batch > 1 and not transaction.repeatable:
            return f"{name} goes in batches, so it must be repeatable"
        slowest = limits.connect_s + (transaction.read_s or limits.read_s)
        if limits.lease_s < 3 * slowest:  # one lease may ask, sign in and send
            return f"limits.lease_s must be at least three times as long as {name} may take ({3 * slowest:g} s)"
    if any(rule.then == "sign_in" for rule in profile.answers) and "sign_in" not in names:
        return "a rule says sign_in, but there is no transaction of that name"
    for rule in profile.answers:
        try:
            re.compile(rule.words)
        except re.error:
            return f"{rule.words!r} is no pattern"
    return None


def _is_safe(url: str) -> bool:
    """Whether nobody on the way can read it: TLS, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


def _keep_apart(folder: Path, *public: str) -> None:
    """Refuse a folder of secrets with a file that others may read, or that is public and others may change."""
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        open_to_others = stat.S_IMODE(file.stat().st_mode) & (0o022 if file.name in public else 0o077)
        if open_to_others and file.is_file():
            raise WrongChannel(
                f"The file {file.name} with a secret of the channel is open to others: chmod 600 mends it."
            )


def _certificates(file: Path) -> Path:
    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError):
        raise WrongChannel(f"The file {file.name} holds no certificates.") from None
    return file


def _verifies(signing: Signing) -> bool:
    return signing.on and signing.verify_answers


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise WrongChannel(f"The file {name or '(no name)'} with a secret of the channel cannot be read.") from None


def _bytes(folder: Path, name: str, size: int) -> bytes:
    try:
        value = base64.b64decode(_text(folder, name), validate=True)
    except ValueError:
        value = b""
    if len(value) == size + 1 and value[0] in (0, 4):  # as some platforms write keys: 04‖X‖Y, or a leading zero
        value = value[1:]
    if len(value) != size:
        raise WrongChannel(f"The file {name} must hold {size} bytes in base64.")
    return value


def _pair(folder: Path, name: str) -> tuple[str, str]:
    lines = _text(folder, name).split()
    if len(lines) != 2:
        raise WrongChannel(f"The file {name} must hold two lines: a name and its secret.")
    return lines[0], lines[1]


def _signer(folder: Path, signing: Signing) -> sm.Signer:
    private = _bytes(folder, signing.key_file, sm.PRIVATE_BYTES)
    try:
        signer = sm.LocalSigner(private, signing.signer_id.encode())
        signer.sign(b"")  # here, not when the first case is in hand
    except sm.CannotSign as problem:
        raise WrongChannel(f"The channel signs (signing.on), and nothing on this machine can: {problem}.") from None
    except (ValueError, ArithmeticError):
        raise WrongChannel(f"The file {signing.key_file} holds no SM2 private key.") from None
    return signer
