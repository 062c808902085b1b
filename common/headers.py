"""What every response carries: a strict content policy with a nonce, and the headers that close old doors. Floor 0."""

import secrets

from flask import Response, g

PERMISSIONS = "geolocation=(self), camera=(), microphone=(), payment=(), usb=()"


def nonce() -> str:
    """The nonce of this response's scripts."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    value: str = g.nonce
    return value


def page_policy(*more: str, images: str = "") -> str:
    """The content policy of a page. `more`: directives that one page needs beside, `images`: hosts it may show pictures of;
    its route sets the header then."""
    return "; ".join(
        [
            f"default-src 'none'; script-src 'nonce-{nonce()}'; style-src 'self'",
            f"img-src 'self' data: {images}".rstrip(),
            "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            *more,
        ]
    )


def set_security_headers(response: Response) -> Response:
    """Add the headers; never loosen what a route has set for itself."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Cache-Control", "private, no-cache")
    if response.mimetype != "text/html":  # shown by nobody, or by itself: the rest is about what a page may do
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        return response
    headers.setdefault("Content-Security-Policy", page_policy())
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", PERMISSIONS)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    return response
