"""SM2 signatures by plain integers, written from GB/T 32918 alone so that it can disagree with the client's; SM3 and SM4 from OpenSSL.

A point is (x, y), or None for infinity. Signing here leaks its key through time: it is a simulator's key.
"""

import functools
import secrets

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SM3, Hash

Point = tuple[int, int] | None
Jacobian = tuple[int, int, int]

# sm2p256v1, the recommended curve of GB/T 32918.5.
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
SIGNER = b"1234567812345678"
DIGIT = 4  # bits of a scalar that one addition takes care of


def sm3(data: bytes) -> bytes:
    """32 bytes."""
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def new_private_key() -> bytes:
    """32 bytes, 1 … n-2."""
    return (secrets.randbelow(N - 2) + 1).to_bytes(32, "big")


def public_key(private: bytes) -> bytes:
    """X‖Y, 64 bytes."""
    point = _affine(_times(int.from_bytes(private, "big"), GX, GY))
    assert point is not None
    return point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def sign(private: bytes, message: bytes, signer: bytes = SIGNER) -> bytes:
    """r‖s, 64 bytes."""
    d = int.from_bytes(private, "big")
    e = _digest(_public(private), message, signer)
    while True:
        k = secrets.randbelow(N - 1) + 1
        point = _affine(_times(k, GX, GY))
        assert point is not None
        r = (e + point[0]) % N
        s = pow(1 + d, -1, N) * (k - r * d) % N
        if r and s and r + k != N:
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verifies(public: bytes, message: bytes, signature: bytes, signer: bytes = SIGNER) -> bool:
    """Whether r‖s is this key's over this message; False for anything else."""
    if len(public) != 64 or len(signature) != 64:
        return False
    x, y = int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if x >= P or y >= P or (y * y - (x * x + A) * x - B) % P:
        return False
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N and t):
        return False
    point = _affine(_add(_times(s, GX, GY), _times(t, x, y)))
    return point is not None and (_digest(public, message, signer) + point[0]) % N == r


def sm4_seal(key: bytes, plain: bytes) -> bytes:
    """SM4-ECB, PKCS#7."""
    pad = padding.PKCS7(128).padder()
    cipher = Cipher(SM4(key), ECB()).encryptor()  # noqa: S305
    return cipher.update(pad.update(plain) + pad.finalize()) + cipher.finalize()


def sm4_open(key: bytes, sealed: bytes) -> bytes:
    """The reverse. Raises ValueError."""
    cipher = Cipher(SM4(key), ECB()).decryptor()  # noqa: S305
    pad = padding.PKCS7(128).unpadder()
    return pad.update(cipher.update(sealed) + cipher.finalize()) + pad.finalize()


@functools.lru_cache(8)
def _public(private: bytes) -> bytes:
    return public_key(private)


def _digest(public: bytes, message: bytes, signer: bytes) -> int:
    """e: the hash over Z and the message."""
    curve = b"".join(value.to_bytes(32, "big") for value in (A, B, GX, GY))
    z = sm3((len(signer) * 8).to_bytes(2, "big") + signer + curve + public)
    return int.from_bytes(sm3(z + message), "big")


@functools.lru_cache(8)
def _multiples(x: int, y: int) -> list[list[tuple[int, int]]]:
    """For each digit of a scalar the fifteen points it may stand for: the few keys here are multiplied thousands of times."""
    rows, base = [], (x, y)
    for _ in range(256 // DIGIT):
        row: list[tuple[int, int]] = []
        running: Jacobian = (0, 1, 0)
        for _ in range(2**DIGIT - 1):
            running = _add_affine(running, base)
            point = _affine(running)
            assert point is not None
            row.append(point)
        rows.append(row)
        last = _affine(_add_affine(running, base))
        assert last is not None
        base = last
    return rows


def _times(k: int, x: int, y: int) -> Jacobian:
    total: Jacobian = (0, 1, 0)
    for row in _multiples(x, y):
        digit = k & (2**DIGIT - 1)
        if digit:
            total = _add_affine(total, row[digit - 1])
        k >>= DIGIT
    return total


def _add(p: Jacobian, q: Jacobian) -> Jacobian:
    other = _affine(q)
    return p if other is None else _add_affine(p, other)


def _add_affine(p: Jacobian, q: tuple[int, int]) -> Jacobian:
    """p + q with q affine; p in Jacobian coordinates, where z = 0 is infinity."""
    x1, y1, z1 = p
    if not z1:
        return (q[0], q[1], 1)
    zz = z1 * z1 % P
    h = (q[0] * zz - x1) % P
    r = (q[1] * zz * z1 - y1) % P
    if not h:
        return _double(p) if not r else (0, 1, 0)
    hh = h * h % P
    hhh, v = h * hh % P, x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P


def _double(p: Jacobian) -> Jacobian:
    x, y, z = p
    if not y:
        return (0, 1, 0)
    yy, zz = y * y % P, z * z % P
    s = 4 * x * yy % P
    m = 3 * (x - zz) * (x + zz) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _affine(p: Jacobian) -> Point:
    x, y, z = p
    if not z:
        return None
    inverse = pow(z, -1, P)
    return x * inverse * inverse % P, y * inverse * inverse * inverse % P
