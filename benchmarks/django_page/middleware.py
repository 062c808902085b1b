"""What ours does in common/compression.py and common/headers.py, as Django middleware."""

import secrets
from collections.abc import Callable

import brotli
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from common.compression import QUALITY
from common.headers import PERMISSIONS

Handler = Callable[[HttpRequest], HttpResponse]


def brotli_pages(next_: Handler) -> Handler:
    """As django.middleware.gzip, but brotli at our quality: the bytes on the wire compare."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = next_(request)
        patch_vary_headers(response, ("Accept-Encoding",))
        if "br" in request.headers.get("Accept-Encoding", ""):
            response.content = brotli.compress(response.content, quality=QUALITY)
            response["Content-Encoding"] = "br"
            response["Content-Length"] = str(len(response.content))
        return response

    return handle


def content_policy(next_: Handler) -> Handler:
    """The same headers as ours, with a nonce of its own for each answer."""

    def handle(request: HttpRequest) -> HttpResponse:
        request.nonce = secrets.token_urlsafe(16)
        response = next_(request)
        response["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{request.nonce}'; style-src 'self'; img-src 'self' data:; "
            "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        response["Cache-Control"] = "private, no-cache"
        response["Permissions-Policy"] = PERMISSIONS
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        patch_vary_headers(response, ("HX-Request", "Cookie"))
        return response

    return handle
