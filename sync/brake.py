"""When the same refusal meets one case after the other, it is hardly the cases: the channel pauses. Room `sync`, floor 2.

Kept in memory: each worker counts for itself, and anew after a start.
"""

from dataclasses import dataclass, field

from sync.verdicts import Judged

EQUAL = 5  # refusals in a row of as many cases


@dataclass
class Brake:
    """What one worker was refused last, by logical name: how it was refused, and of which aggregates."""

    last: dict[str, tuple[tuple[str, str | None, str], set[str]]] = field(default_factory=dict)

    def heard(self, logical: str, aggregate: str, judged: Judged) -> int:
        """How often the channel should have paused for this by now: 0, not yet. Only a success of the same name, or another
        refusal, begins anew."""
        if judged.outcome == "done":
            self.last.pop(logical, None)
        if judged.outcome != "reject":
            return 0
        like = (judged.kind, judged.infcode, judged.words)
        before, whose = self.last.get(logical, (like, set()))
        whose = whose if before == like else set()
        whose.add(aggregate)
        self.last[logical] = like, whose
        return max(0, len(whose) - EQUAL + 1)
