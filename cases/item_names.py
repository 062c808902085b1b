"""The names of the items this room has forms for, where the catalogue's own name is not at hand (a phone, a test)."""

from cases.circumstances import About
from common.i18n import lazy_gettext as _l

ITEM_NAMES = {
    1: _l("城乡居民参保登记"),
    2: _l("城乡居民参保登记（新生儿）"),
    4: _l("城乡居民停保（终止参保）登记"),
    14: _l("异地安置退休人员备案"),
    15: _l("异地长期居住人员备案"),
    16: _l("常驻异地工作人员备案"),
    17: _l("异地转诊人员备案"),
    18: _l("其他跨省临时外出就医人员备案"),
}


def item_name(about: About) -> str:
    """What the item of this filing is called."""
    return about.at.item_name or str(ITEM_NAMES[about.item_no])
