"""What items are called: by the catalogue in force; where it is not at hand (a phone, a test), or no longer lists one, by us."""

from dataclasses import dataclass

from cases.circumstances import About
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from services_catalog.views import Catalogue, ItemView

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


@dataclass(frozen=True)
class Unlisted:
    """An item that the catalogue lists no longer; cases and drafts of it are still here."""

    no: int

    @property
    def name(self) -> str:
        """As we know it."""
        return str(ITEM_NAMES.get(self.no) or _("第 %(no)s 项", no=self.no))

    @property
    def short(self) -> str:
        """The same."""
        return self.name


def named(known: Catalogue, no: int) -> ItemView | Unlisted:
    """The item of a case or a draft, to be called by its name; a version of the catalogue may have left it out since."""
    return known.items.get(no) or Unlisted(no)


def item_name(about: About) -> str:
    """What the item of this filing is called."""
    return about.at.item_name or str(ITEM_NAMES[about.item_no])


def unlisted_words() -> str:
    """Why nobody files it here any more."""
    return _("这件事已经不在办事清单里，交不上去了。怎么办请问县医保局。")
