"""How long a sign-in lasts and how mistakes are slowed down: figures only, so that whoever answers for them finds them here."""

from dataclasses import dataclass
from datetime import timedelta

from accounts.policy import Role


@dataclass(frozen=True)
class Lasting:
    """`idle`: after so long without a request the password is asked again; `most`: after so long everything is."""

    idle: timedelta
    most: timedelta


# A helper's own phone in a village lies on the counter all day and is nobody else's; a bureau's PC stands in a hall.
_BUREAU = Lasting(idle=timedelta(minutes=30), most=timedelta(hours=12))
LASTING: dict[Role, Lasting] = dict.fromkeys(Role, _BUREAU) | {
    Role.HELPER: Lasting(idle=timedelta(hours=12), most=timedelta(days=7)),
    Role.CLERK: Lasting(idle=timedelta(hours=2), most=timedelta(hours=24)),
}
UNFINISHED = timedelta(minutes=30)  # password typed, second factor or post still missing
SEEN_EVERY = timedelta(minutes=2)  # "last seen" is not written with each request


@dataclass(frozen=True)
class Patience:
    """So many mistakes cost nothing; then waiting starts at `first` and doubles up to `longest`."""

    free: int
    first: timedelta
    longest: timedelta


NAME = Patience(free=5, first=timedelta(seconds=30), longest=timedelta(minutes=30))
ADDRESS = Patience(free=30, first=timedelta(seconds=30), longest=timedelta(minutes=15))  # a whole town hall shares one
CODE = Patience(free=5, first=timedelta(seconds=30), longest=timedelta(minutes=30))
FORGOTTEN = timedelta(hours=24)  # without a mistake for so long, counting starts anew
# Behind an address that many share somebody mistypes every day, so "so long without a mistake" never comes.
ADDRESS_ANEW = timedelta(hours=6)

USES = (
    200  # forms begun, or codes asked for, by everybody behind one address: nobody's mistake, so it is only a ceiling
)
USES_WITHIN = timedelta(hours=1)


def delay(patience: Patience, failures: int) -> timedelta:
    """How long to wait after that many mistakes in a row."""
    over = failures - patience.free
    if over < 0:
        return timedelta(0)
    doubled: int = 2 ** min(over, 16)
    return min(patience.first * doubled, patience.longest)
