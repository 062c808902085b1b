"""The finder's view: stations/routes.py and stations/finder.py, in Django."""

import os
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from benchmarks.django_page.forms import CHANNELS, MODES, FinderForm
from benchmarks.django_page.queries import Reference, areas, nearest, reference
from common.clock import Clock, local_date
from maps.place import Place
from maps.reach import Mode, ReachPolicy
from stations.cards import card, distance_words, way_words
from stations.finder import Origin
from stations.models import Channel
from stations.nearest import SHOWN, Found, Wanted
from stations.schema import MINUTES, ROUGH_M

LONG_WALK_MIN = 30
KEPT = ("lat", "lon", "acc", "area", "item", "channel", "open", "by", "m")
_clock = Clock(datetime.fromisoformat(os.environ["MENKOU_CLOCK"]))


def finder(request: HttpRequest) -> HttpResponse:
    now = _clock.now()
    known = reference(local_date(now))
    form = FinderForm(request.GET)
    if not form.is_valid():
        return HttpResponse(status=422)
    given = form.cleaned_data
    kept = {name: request.GET[name] for name in KEPT if request.GET.get(name)}
    item = known.catalogue.items.get(given["item"]) if given["item"] else None
    by, minutes = Mode(given["by"] or "walk"), int(given["m"] or "15")
    context: dict[str, Any] = {
        "form": form,
        "kept": [(name, kept[name]) for name in ("item", "channel", "open", "by", "m") if name in kept],
        "place_kept": [(name, kept[name]) for name in ("lat", "lon", "acc", "area") if name in kept],
        "typed": request.GET.get("at", ""),
        "by": by.value,
        "m": given["m"] or "15",
        "open": given["open"],
        "channel": given["channel"],
        "item": item,
        "items": known.catalogue.items.values(),
        "minutes": ("15", "30", "60"),
        "modes": MODES,
        "channels": CHANNELS,
        "quick": bool(item and item.promised == 0),
        "areas_url": reverse("areas") + (f"?item={item.no}" if item else ""),
        "cities": known.cities,
    }
    if given["lat"] is not None:
        far = distance_words(given["acc"]) if given["acc"] is not None else None
        origin = Origin(Place(given["lat"], given["lon"]), far=far, rough=(given["acc"] or 0) > ROUGH_M)
        policy = known.policies[by]
        wanted = Wanted(given["item"], Channel(given["channel"]) if given["channel"] else None, given["open"])
        wider = MINUTES[minutes]
        found = nearest(origin.place, wanted, policy=policy, minutes=minutes, wider=wider, now=now, known=known)
        said = areas(known, found.stations)
        wider_url, wider_words = _wider(found, kept, known, minutes, wider)
        context |= {
            "origin": origin,
            "found": found,
            "cards": [card(s, said[s.code], policy=policy, item=given["item"], now=now) for s in found.stations],
            "station_url": reverse("station", kwargs={"code": "-"})[:-1],
            "item_tail": f"?item={item.no}" if item else "",
            "sample": any(station.synthetic for station in found.stations),
            "heading": _heading(found, by, minutes),
            "nearest_words": _nearest_words(found, policy, known.policies[Mode.EBIKE]),
            "how": _("%(mode)s每小时 %(speed)s 公里，路按直线的 %(detour)s 倍算。")
            % {"mode": dict(MODES)[by.value], "speed": f"{policy.km_per_hour:g}", "detour": f"{policy.detour:g}"},
            "source": policy.source,
            "map_url": f"/stations/map?{urlencode(kept)}",
            "wider_url": wider_url,
            "wider_words": wider_words,
        }
    return render(request, "finder.html", context)


def _heading(found: Found, by: Mode, minutes: int) -> str:
    number = len(found.stations)
    if not number:
        return _("没有符合条件的站点")
    if not minutes:
        return ngettext("最近的 %(num)s 个", "最近的 %(num)s 个", number) % {"num": number}
    if found.within and number == SHOWN:
        return _("%(m)s 分钟内最近的 %(num)s 个") % {"m": minutes, "num": number}
    if found.within:
        return ngettext("%(m)s 分钟内有 %(num)s 个", "%(m)s 分钟内有 %(num)s 个", number) % {
            "m": minutes,
            "num": number,
        }
    return {
        Mode.WALK: _("走路 %(m)s 分钟内没有"),
        Mode.EBIKE: _("骑电动车 %(m)s 分钟内没有"),
        Mode.CAR: _("开车 %(m)s 分钟内没有"),
    }[by] % {"m": minutes}


def _nearest_words(found: Found, policy: ReachPolicy, by_ebike: ReachPolicy) -> str:
    if found.within or not found.stations:
        return ""
    first = found.stations[0]
    if policy.mode is Mode.WALK and policy.minutes(first.metres) > LONG_WALK_MIN:
        policy = by_ebike
    return _("最近的一个%(way)s·%(far)s（估算）。") % {
        "way": way_words(policy.minutes(first.metres), policy.mode),
        "far": distance_words(first.metres),
    }


def _wider(
    found: Found, kept: dict[str, str], known: Reference, minutes: int, wider: int
) -> tuple[str | None, str | None]:
    def url(**values: str) -> str:
        return f"{reverse('finder')}?{urlencode(values)}"

    if not found.stations:
        fewer = {name: value for name, value in kept.items() if name in {"lat", "lon", "acc", "area"}}
        return url(**fewer), _("去掉条件，看所有站点")
    if not minutes or (found.within and len(found.stations) == SHOWN):
        return None, None
    if not found.within:
        words = {Mode.EBIKE: _("看骑电动车能到的"), Mode.CAR: _("看开车能到的")}
        for mode, within in ((Mode.EBIKE, 15), (Mode.EBIKE, 30), (Mode.CAR, 30), (Mode.CAR, 60)):
            if known.policies[mode].straight_metres(within) >= found.stations[0].metres:
                return url(**(kept | {"by": mode.value, "m": str(within)})), words[mode]
        return url(**(kept | {"by": Mode.CAR.value, "m": "0"})), _("不限远近，看最近的")
    further = url(**(kept | {"m": str(wider)}))
    if not wider:
        return further, _("不限远近，看最近的")
    if found.more:
        words = ngettext("放宽到 %(m)s 分钟，再看 %(num)s 个", "放宽到 %(m)s 分钟，再看 %(num)s 个", found.more)
        return further, words % {"m": wider, "num": found.more}
    return further, _("放宽到 %(m)s 分钟") % {"m": wider}
