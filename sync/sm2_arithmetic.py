"""Verifying an SM2 signature with Python's own integers (GB/T 32918.2), where no compiled library exists. Room `sync`.

Only verifying: it handles nothing secret, so it need not take the same time for every input. About 5 ms a signature.
"""

from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SM3, Hash

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
_SIZE = 32


class Point(NamedTuple):
    """Jacobian coordinates: x = X/Z², y = Y/Z³; Z = 0 is the point at infinity."""

    x: int
    y: int
    z: int


G = Point(GX, GY, 1)
INFINITY = Point(1, 1, 0)


def verifies(public_key: bytes, message: bytes, signature: bytes, signer_id: bytes) -> bool:
    """Whether r‖s is this key's signature. public_key: X‖Y, 64 bytes. False for anything malformed."""
    if len(public_key) != 2 * _SIZE or len(signature) != 2 * _SIZE:
        return False
    key = Point(int.from_bytes(public_key[:_SIZE], "big"), int.from_bytes(public_key[_SIZE:], "big"), 1)
    r, s = int.from_bytes(signature[:_SIZE], "big"), int.from_bytes(signature[_SIZE:], "big")
    if not (_on_curve(key) and 0 < r < N and 0 < s < N):
        return False
    t = (r + s) % N
    if t == 0:
        return False
    e = int.from_bytes(digest(public_key, message, signer_id), "big")
    x = _affine_x(add(times(s, G), times(t, key)))
    return x is not None and (e + x) % N == r


def digest(public_key: bytes, message: bytes, signer_id: bytes) -> bytes:
    """SM3 over Z (who signs, with which curve and key) and the message: what is really signed."""
    known = b"".join(value.to_bytes(_SIZE, "big") for value in (A, B, GX, GY))
    z = _sm3((len(signer_id) * 8).to_bytes(2, "big") + signer_id + known + public_key)
    return _sm3(z + message)


def _sm3(data: bytes) -> bytes:
    running = Hash(SM3())
    running.update(data)
    return running.finalize()


def _on_curve(point: Point) -> bool:
    return point.x < P and point.y < P and (point.y**2 - point.x**3 - A * point.x - B) % P == 0


def _affine_x(point: Point) -> int | None:
    return None if point.z == 0 else point.x * pow(point.z, -2, P) % P


def times(n: int, point: Point) -> Point:
    """n · point."""
    result = INFINITY
    for bit in bin(n)[2:]:
        result = _double(result)
        if bit == "1":
            result = add(result, point)
    return result


def _double(p: Point) -> Point:
    if p.z == 0 or p.y == 0:
        return INFINITY
    y2 = p.y * p.y % P
    s = 4 * p.x * y2 % P
    z2 = p.z * p.z % P
    m = 3 * (p.x - z2) * (p.x + z2) % P  # a = −3
    x = (m * m - 2 * s) % P
    return Point(x, (m * (s - x) - 8 * y2 * y2) % P, 2 * p.y * p.z % P)


def add(p: Point, q: Point) -> Point:
    """p + q."""
    if p.z == 0:
        return q
    if q.z == 0:
        return p
    pz2, qz2 = p.z * p.z % P, q.z * q.z % P
    u1, u2 = p.x * qz2 % P, q.x * pz2 % P
    s1, s2 = p.y * qz2 * q.z % P, q.y * pz2 * p.z % P
    if u1 == u2:
        return _double(p) if s1 == s2 else INFINITY
    h, r = (u2 - u1) % P, (s2 - s1) % P
    h2 = h * h % P
    h3 = h2 * h % P
    x = (r * r - h3 - 2 * u1 * h2) % P
    return Point(x, (r * (u1 * h2 - x) - s1 * h3) % P, h * p.z * q.z % P)
