"""Every address by which a case, its papers, its draft or its messages can be touched, with what would succeed in the right
hands. tests/test_rights.py fails when a route is missing here; test_desk_rights.py presses each in the wrong hands."""

from typing import Any, NamedTuple

from accounts.policy import Action
from common.ids import new_id

OP = "0" * 31 + "1"
GONE = frozenset({403, 404})
BACK = frozenset({303})  # back to the page one came from, and nothing done


class Address(NamedTuple):
    """`about`: which of the ids `id` is. `says`: what everybody else is answered. `to`: who has this right by another way."""

    endpoint: str
    about: str = ""
    said: dict[str, Any] = {}  # noqa: RUF012
    says: frozenset[int] = GONE
    to: Action | None = None
    method: str = "POST"


STEP = {"op": OP, "step": "withdraw", "version": 1}
FOREIGN = [
    Address("handling.show", method="GET"),
    Address("handling.hand_over", method="GET"),
    Address("handling.step", said=STEP),
    Address("handling.correct", said={"op": OP, "version": 1}),
    Address("handling.reveal", said={"field": "name", "purpose": "看看"}),
    Address("handling.new_code"),
    Address("handling.no_sms"),
    Address("handling.mark_paper"),
    Address("handling.revoke"),
    Address("receipts.show", method="GET"),
    Address("cases_api.show", method="GET"),
    Address("cases_api.take_step", said={"step": "withdraw", "version": 1}),
    Address("papers.add_to_case", "case", {"kind": "id"}),
    Address("papers.show", "paper", method="GET"),
    Address("papers.small", "paper", method="GET"),
    Address("papers.remove", "paper"),
    Address("papers.add_to_draft", "draft", {"kind": "id"}),
    Address("work.draft", "draft", method="GET"),
    Address("work.fill", "draft", {"psn_name": "别人"}),
    Address("work.save", "draft", {"psn_name": "别人"}),
    Address("work.ask_province", "draft", {"psn_name": "别人"}),
    Address("work.ask_delete", "draft", method="GET"),
    Address("work.delete", "draft", says=GONE | BACK),  # a draft that is gone is deleted
    Address("sync.replay", "entry", to=Action.KEEP_SYNC),
    Address("sync.told", "entry", {"has_it": "no"}, to=Action.KEEP_SYNC),
    Address("sync.settle_cancelling", "entry", to=Action.KEEP_SYNC),
    Address("sync.settle", "decision", to=Action.KEEP_SYNC),
    # Whoever follows holds a pass for one case (cases/follow_pass.py); these people hold none.
    Address("follow.show", method="GET", says=frozenset({200})),
    Address("follow.find", said={"ref": "REF", "code": "000000"}, says=frozenset({422, 429})),
    Address("follow.withdraw", said={"op": OP, "version": 1}, says=BACK),
    Address("follow.supply", said={"op": OP, "version": 1}, says=BACK),
    Address("follow.no_sms", says=BACK),
    Address("follow.leave", says=BACK),
]


def press(client: Any, url: str, one: Address, ref: str) -> Any:
    """The answer to one of them, of a page or of a program."""
    said = {name: ref if value == "REF" else new_id() if value == OP else value for name, value in one.said.items()}
    if one.endpoint.startswith("cases_api."):
        headers = {"Idempotency-Key": new_id()}
        return client.open(url, method=one.method, json=said if one.method == "POST" else None, headers=headers)
    return client.open(url, method=one.method, data=said)
