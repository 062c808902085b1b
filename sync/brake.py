"""When the same refusal meets one case after the other, it is hardly the cases: the channel pauses. Room `sync`, floor 2.

Kept in memory: each worker counts for itself, and anew after a start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.verdicts import Judged

EQUAL = 5  # refusals in a row of as many cases
UNCOUNTED = ("case_cancel",)  # refused for what each filing became there, often in the same words


@dataclass
class Brake:
    """What one worker was refused last, by logical name: how it was refused, and of which aggregates."""

    last: dict[str, tuple[tuple[str, str | None, str], set[str], int]] = field(default_factory=dict)  # and pauses

    def heard(self, logical: str, parts: Sequence[tuple[str, Judged]]) -> int:
        """How often the channel should have paused for this by now: 0, not yet. Only a success of the same name, or another
        refusal, begins anew. parts: the aggregates of one request, each with what became of it; together they pause once."""
        if logical in UNCOUNTED:
            return 0
        if any(judged.outcome == "done" for _, judged in parts):
            self.last.pop(logical, None)
            return 0
        refused = [(aggregate, judged) for aggregate, judged in parts if judged.outcome == "reject"]
        for aggregate, judged in refused:
            like = (judged.kind, judged.infcode, judged.words)
            before, whose, pauses = self.last.get(logical, (like, set(), 0))
            if before != like:
                whose, pauses = set(), 0
            self.last[logical] = like, whose | {aggregate}, pauses
        if not refused:
            return 0
        like, whose, pauses = self.last[logical]
        pauses += len(whose) >= EQUAL
        self.last[logical] = like, whose, pauses
        return pauses
