"""Small pieces as template tags, which cost Django less than an include each."""

import re

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from common.settings import ROOT

register = template.Library()

# Our own drawings, from where they stand.
DRAWINGS = dict(re.findall(r"^  '(\w+)': '(.+)',$", (ROOT / "templates/ui/ui.html").read_text(), re.MULTILINE))


@register.simple_tag
def icon(name: str) -> SafeString:
    return mark_safe(f'<svg class="i" viewBox="0 0 24 24" aria-hidden="true">{DRAWINGS[name]}</svg>')


@register.filter
def app_name(app: str) -> str:
    return {"amap": _("高德"), "baidu": _("百度"), "tencent": _("腾讯"), "geo": _("手机自带")}[app]
