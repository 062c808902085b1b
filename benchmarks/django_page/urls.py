"""The finder, and the addresses its page links to."""

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import path

from benchmarks.django_page.views import finder


def elsewhere(_request: HttpRequest, **_given: str) -> HttpResponse:
    return HttpResponseNotFound()


urlpatterns = [
    path("", elsewhere, name="home"),
    path("look", elsewhere, name="look"),
    path("services", elsewhere, name="categories"),
    path("services/items/<int:no>", elsewhere, name="item"),
    path("stations", finder, name="finder"),
    path("stations/areas", elsewhere, name="areas"),
    path("stations/areas/<str:code>", elsewhere, name="area"),
    path("stations/<str:code>", elsewhere, name="station"),
]
