"""Passwords: kept as argon2id hashes, compared in the same time whether the name exists or not, refused when easily guessed.

Hashing takes about 25 ms and 19 MiB: never do it inside a write session.
"""

import re
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from common.i18n import gettext as _

LEAST, MOST = 10, 128  # characters
# No look-alikes: first passwords are read from paper, recovery codes too.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
# What people here reach for first; whatever is left of a password without these, digits and signs must still be something.
_COMMON = (
    "password", "passwd", "qwerty", "qwertyuiop", "asdfgh", "zxcvbn", "admin", "administrator", "root", "test", "guest",
    "welcome", "letmein", "iloveyou", "woaini", "mima", "yibao", "yb", "shandong", "jinan", "qingdao", "linyi", "menkou",
    "ylbz", "yiliao", "shebao", "abcdef", "abc", "aa", "qwe", "asd", "zxc", "1q2w3e", "1qaz", "2wsx", "qaz", "wsx",
    "医保", "门口", "密码",
)  # fmt: skip
_ROWS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb")

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODYS = _hasher.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """What to store."""
    return _hasher.hash(_same(password))


def is_password(stored: str | None, password: str) -> bool:
    """Whether this is the one. Without a stored hash (no such account) the same work is done, and the answer is no."""
    try:
        matches = _hasher.verify(stored or _NOBODYS, _same(password))
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None


def weakness(password: str, *, names: tuple[str, ...] = ()) -> str | None:
    """Why this password is refused, in one sentence; None when it is good enough. `names`: what others know anyway."""
    typed = _same(password).lower()
    if len(typed) < LEAST:
        return _("密码至少 %(n)s 位，长一点、自己好记就行。", n=LEAST)
    if len(typed) > MOST:
        return _("密码最长 %(n)s 位。", n=MOST)
    if any(name and (name.lower() in typed) for name in names):
        return _("密码里别带用户名、姓名和手机号。")
    left = typed
    for word in sorted(_COMMON, key=len, reverse=True):
        left = left.replace(word, "")
    letters = re.sub(r"[\W\d_]", "", left)
    runs = any(
        typed[at : at + 5] in row or typed[at : at + 5] in row[::-1] for row in _ROWS for at in range(len(typed) - 4)
    )
    if len(set(typed)) < 5 or runs or (len(letters) < 2 and left != typed) or typed.isdigit():
        return _("这个密码太容易猜。换几个不相干的词连起来。")
    return None


def first_password() -> str:
    """One to hand over on paper: three groups of four, 59 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _n in range(4)) for _group in range(3))


def _same(password: str) -> str:
    """Full-width letters and composed signs as every keyboard means them."""
    return unicodedata.normalize("NFKC", password)
