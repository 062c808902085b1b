"""The blocks that every filing of a living person has, together: person, insurance, contact, guardian, agent, promise."""

from collections.abc import Iterator
from typing import Any

from cases.admission import admission_rules
from cases.agent import Agent, agent_rules
from cases.circumstances import About
from cases.contact import Contact, Insured, contact_rules, insured_rules
from cases.guardian import Guardian, guardian_facts, guardian_rules
from cases.person import Person, person_facts, person_rules
from cases.promise import Promise, promise_facts
from common.sheets import SheetForm


class Blocks(Person, Insured, Contact, Guardian, Agent, Promise):
    """Their fields, in this order."""


def block_facts(said: dict[str, Any], about: About, *, promised: bool = False) -> dict[str, str]:
    """What is known of the blocks. `promised`: the person's word stands for a paper (告知承诺)."""
    facts = person_facts(said, about) | guardian_facts(said, about)
    consents = facts["under_14"] == "1" and said["grdn_name"] is not None
    return facts | promise_facts(about, promised=promised, consents=consents, by_agent=said["by_agent"] is True)


def block_rules(form: SheetForm[Any], about: About) -> Iterator[tuple[str, str]]:
    """What is wrong in them; the promise comes after the matter itself."""
    yield from admission_rules(about)
    yield from person_rules(form, about)
    yield from insured_rules(form, about)
    yield from contact_rules(form, about)
    yield from guardian_rules(form, about)
    yield from agent_rules(form, about)
