"""Whether a channel works: its profile without secrets, a signature of our own, the platform's answer and clock. Room `sync`."""

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from common.clock import SHANGHAI
from sync import sm
from sync.channel import Channel
from sync.envelope import read_answer, request
from sync.talking import Talk
from sync.transport import Transport
from sync.verdicts import judge

HARMLESS = "case_status"  # reads one row at most


@dataclass(frozen=True)
class Found:
    """What the platform answered, in lines."""

    lines: tuple[str, ...]
    well: bool


def lines(channel: Channel) -> list[str]:
    """The profile as an operator wants to see it, and whether our own signature verifies. No secret is in it."""
    profile = channel.profile
    constants, signing = profile.envelope, profile.signing
    names = ", ".join(f"{name}={t.infno}" for name, t in profile.transactions.items())
    said = [
        f"channel {profile.name}: {profile.base_url}{profile.path}",
        f"we are {constants.fixmedins_code} {constants.fixmedins_name}, area {constants.mdtrtarea_admvs}",
        f"gateway headers: {profile.headers.profile}",
        f"signing: {f'SM2 as {signing.signer_id}' if signing.on else 'off'}; encryption: {'SM4' if channel.sm4_key else 'off'}",
        f"answers are {'verified' if channel.platform_key else f'NOT VERIFIED: {signing.unverified_because}'}",
        f"transactions: {names}",
    ]
    if profile.plain_http_because:
        said.append(f"WITHOUT TLS: {profile.plain_http_because}")
    if channel.signer:
        message = secrets.token_bytes(32)
        key = getattr(channel.signer, "public_key", b"")
        good = bool(key) and sm.verifies(key, message, channel.signer.sign(message), signing.signer_id.encode())
        shown = base64.b64encode(sm.sm3(key)).decode()[:16] if key else "elsewhere"
        said.append(f"our signature verifies: {'yes' if good else 'NO'} (SM3 of our public key begins {shown})")
    return said


def ask(talk: Talk, transport: Transport, now: datetime) -> Found:
    """One harmless question."""
    channel = talk.channel
    if HARMLESS not in channel.profile.transactions:
        return Found((f"the channel has no transaction {HARMLESS}, so nothing was asked",), well=True)
    node = channel.profile.transactions[HARMLESS].node
    body = f'{{"{node}":{{"cursor":"","limit":1}}}}'
    reply = transport.post(HARMLESS, request(channel, HARMLESS, body, msgid=talk.number(), now=now), now)
    judged = judge(channel, HARMLESS, reply)
    answer = read_answer(channel, reply.raw)
    said = [f"{HARMLESS}: {judged.outcome} ({judged.kind})"]
    skew = _skew(answer.refmsgid, now) if answer.trusted else None
    if skew is not None:
        said.append(f"the platform's clock is {skew:+.0f} s from ours")
    late = skew is not None and abs(skew) > channel.profile.limits.clock_skew_s
    if late:
        said.append(f"that is more than the {channel.profile.limits.clock_skew_s:g} s it may be")
    return Found(tuple(said), well=judged.outcome in ("done", "sign_in") and not late)


def _skew(refmsgid: str | None, now: datetime) -> float | None:
    """Seconds between the second in the platform's message number (area 6, second 14, serial) and ours."""
    try:
        second = datetime.strptime((refmsgid or "")[6:20], "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None
    return (second.astimezone(UTC) - now).total_seconds()
