"""The doors of forms.md §1.9 that need no database: whether this may be filed here, this way, by this person, now.

Not here, because only a transaction knows: the form was changed by somebody else, the session is lost, it was sent twice.
"""

from collections.abc import Iterator

from cases.circumstances import About, Live
from cases.filing import Level, Remark
from cases.item_names import item_name
from common.i18n import gettext as _
from stations.schema import CHANNEL_WORDS


def admission_rules(about: About) -> Iterator[tuple[str, str]]:
    """The station and the way."""
    at = about.at
    if at.station is None:
        return
    if at.station.item_mode not in {"direct", "assist"}:
        yield "form", _("本站没有承接“%(item)s”，请到能办的站点办理", item=item_name(about))
    elif at.station.channels and at.channel not in at.station.channels:
        words = next((str(words) for channel, words in CHANNEL_WORDS.items() if channel.value == at.channel), "")
        yield "form", _("“%(item)s”不支持%(way)s，请换一种办理方式", item=item_name(about), way=words)


def known_rules(about: About, status: str | None) -> Iterator[tuple[str, str]]:
    """For items that need an insurance in force. `status`: psn_insu_stas of the one the filing rests on; None: none."""
    known = about.at.known
    if known is None:
        return
    if known.psn_no is None:
        yield "certno", _("没有查到这个人的参保信息，请核对证件号码")
    elif status != "1":
        yield "form", _("查到本人目前没有正常参保，请先办参保或补缴")


def filed_already(about: About, live: Live) -> str:
    """The sentence for a second filing of the same matter."""
    return _("“%(item)s”已经提交过，回执号 %(ref)s，不用重复办理", item=item_name(about), ref=live.ref)


def unreachable() -> str:
    """Where the province was asked and did not answer."""
    return _("省平台暂时连不上，已收下并会自动核对，结果以回执为准")


def admission_remarks(about: About) -> Iterator[Remark]:
    """What the province says, or that it was asked and did not answer."""
    at = about.at
    if at.known is not None and at.known.died:
        yield Remark(Level.HANDUP, "form", _("查到本人登记为已故，请交县医保局核实"))
    if at.unreachable:
        yield Remark(Level.INFO, "form", unreachable())
