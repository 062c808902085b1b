"""What readers may ask a county's pocket page: which item, which town, from which station on. Room `pocket`, floor 4."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from common.forms import Ask
from common.i18n import lazy_gettext as _l
from services_catalog.models import MAX_ITEM_NO
from stations.schema import NO_SUCH_AREA, NO_SUCH_ITEM


class PocketQuery(BaseModel):
    """Everything may be left out."""

    item: Annotated[
        Annotated[int, Field(ge=1, le=MAX_ITEM_NO)] | None, Ask(_l("办什么"), widget="choice", wrong=NO_SUCH_ITEM)
    ] = None
    town: Annotated[
        Annotated[str, StringConstraints(pattern=r"^\d{9}$")] | None, Ask(_l("镇街"), wrong=NO_SUCH_AREA)
    ] = None
    after: Annotated[Annotated[int, Field(ge=0, le=100_000)], Ask(_l("从第几个起"))] = 0
