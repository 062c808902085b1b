"""How names and numbers are shown where the whole is not needed. Room `cases`, floor 4."""

from dataclasses import asdict
from typing import Any

from cases.filing import Subject


def sealed_subject(subject: Subject) -> dict[str, Any]:
    """A subject as JSON, with the masked forms that lists show."""
    facts = asdict(subject)
    facts["born"] = subject.born.isoformat() if subject.born else None
    phone = subject.mobile or subject.contact_tel
    return facts | {
        "masked_name": mask_name(subject.name),
        "masked_number": mask_number(subject.certno or ""),
        "masked_phone": mask_phone(phone or ""),
    }


def mask_name(name: str) -> str:
    """王玉兰 → 王*兰, 王芳 → 王*, 测试·买买提 → 测*****提."""
    if len(name) <= 2:
        return name[:1] + "*" * (len(name) - 1)
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_number(number: str) -> str:
    """371302********0014; short ones keep their ends."""
    if len(number) < 8:
        return "*" * len(number)
    ends = (6, 4) if len(number) >= 15 else (2, 2)
    return number[: ends[0]] + "*" * (len(number) - sum(ends)) + number[-ends[1] :]


def mask_words(_words: str) -> str:
    """****, whatever was written and however long it is."""
    return "****"


def mask_day(day: str) -> str:
    """2026-**-**."""
    return f"{day[:4]}-**-**"


def mask_phone(phone: str) -> str:
    """154****0001."""
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 9 else "*" * len(phone)
