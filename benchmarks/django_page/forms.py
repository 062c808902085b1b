"""What stations/schema.py asks for, as a Django form."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from maps.place import check_place
from maps.reach import Mode
from services_catalog.models import MAX_ITEM_NO
from stations.models import Channel
from stations.schema import COARSE_M

MODES = ((Mode.WALK.value, _l("走路")), (Mode.EBIKE.value, _l("电动车")), (Mode.CAR.value, _l("开车")))
CHANNELS = (
    (Channel.WINDOW.value, _l("窗口办")),
    (Channel.ASSISTED.value, _l("帮办代办")),
    (Channel.DOOR_TO_DOOR.value, _l("上门办")),
    (Channel.SELF_SERVICE.value, _l("自助办")),
    (Channel.VIDEO.value, _l("视频办")),
)
MINUTES = (("15", "15"), ("30", "30"), ("60", "60"), ("0", "0"))


class FinderForm(forms.Form):
    lat = forms.FloatField(required=False)
    lon = forms.FloatField(required=False)
    acc = forms.FloatField(required=False, min_value=0, max_value=COARSE_M)
    area = forms.RegexField(r"^\d{6}(\d{3}){0,2}$", required=False)
    at = forms.CharField(required=False, max_length=60)
    item = forms.IntegerField(required=False, min_value=1, max_value=MAX_ITEM_NO)
    channel = forms.ChoiceField(required=False, choices=CHANNELS)
    open = forms.BooleanField(required=False)
    by = forms.ChoiceField(required=False, choices=MODES)
    m = forms.ChoiceField(required=False, choices=MINUTES)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        lat, lon = given.get("lat"), given.get("lon")
        if (lat is None) != (lon is None):
            raise forms.ValidationError(_("位置只有一半，请再点一次“用我的位置”。"))
        if lat is not None and lon is not None:
            try:
                check_place(lat, lon)
            except ValueError as problem:
                raise forms.ValidationError(str(problem)) from None
        return given
