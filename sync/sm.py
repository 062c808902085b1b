"""SM2 signatures, SM3 digests and SM4 as the platform's clients use them (GB/T 32905, 32907, 32918). Room `sync`, floor 2.

Signatures are raw r‖s, 64 bytes: SM2 with SM3 over the signer's Z and the message. Keys: X‖Y 64 bytes, private 32 bytes.
SM3 and SM4 come from OpenSSL (package cryptography), SM2 from GmSSL (gmssl-pyx) where it has a wheel. Elsewhere our own
arithmetic verifies, and signing is an external signer's job: a signature made in Python leaks its key through time.
"""

from typing import Any, Protocol

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SM3, Hash

from sync import sm2_arithmetic

SIGNER_ID = b"1234567812345678"  # what every client seen uses, because their libraries ignore another
PRIVATE_BYTES = 32
PUBLIC_BYTES = 64


class CannotSign(RuntimeError):
    """There is nothing to sign with on this machine. Says what is missing, never a key."""


class Signer(Protocol):
    """Whatever signs: a key on this machine, or a signature server (签名验签服务器) behind the same two lines."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes r‖s. Raises CannotSign."""
        ...


class LocalSigner:
    """Signs with a private key in memory."""

    def __init__(self, private_key: bytes, signer_id: bytes = SIGNER_ID):
        if len(private_key) != PRIVATE_BYTES:
            raise ValueError(f"an SM2 private key has {PRIVATE_BYTES} bytes, not {len(private_key)}")
        if not 0 < int.from_bytes(private_key, "big") < sm2_arithmetic.N - 1:
            raise ValueError("an SM2 private key lies between 1 and n - 2")
        self._private = private_key
        self._id = signer_id
        self.public_key = public_key_of(private_key)

    def sign(self, message: bytes) -> bytes:
        """64 bytes r‖s."""
        # The digest is ours: sm2_sign makes 32 nonces each time it is called, and uses one of them (2.4 ms instead of 0.2).
        digest = sm2_arithmetic.digest(self.public_key, message, self._id)
        der = _gmssl().sm2_sign_sm3_digest(self._private, digest)
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def public_key_of(private_key: bytes) -> bytes:
    """X‖Y. Only at start-up: not constant in time."""
    point = sm2_arithmetic.times(int.from_bytes(private_key, "big"), sm2_arithmetic.G)
    inverse = pow(point.z, -1, sm2_arithmetic.P)
    x, y = point.x * inverse**2 % sm2_arithmetic.P, point.y * inverse**3 % sm2_arithmetic.P
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def new_key_pair() -> tuple[bytes, bytes]:
    """Private and public key. Raises CannotSign without GmSSL."""
    public, private = _gmssl().sm2_key_generate()
    return private, public


def verifies(public_key: bytes, message: bytes, signature: bytes, signer_id: bytes = SIGNER_ID) -> bool:
    """Whether r‖s was made with this key over this message. False for anything malformed; never raises."""
    if len(signature) != PUBLIC_BYTES or len(public_key) != PUBLIC_BYTES:
        return False
    try:
        gmssl = _gmssl()
    except CannotSign:
        return sm2_arithmetic.verifies(public_key, message, signature, signer_id)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    # GmSSL prints to standard error when it refuses; what it would refuse anyway does not reach it.
    if not (0 < r < sm2_arithmetic.N and 0 < s < sm2_arithmetic.N and (r + s) % sm2_arithmetic.N):
        return False
    try:
        return bool(gmssl.sm2_verify(public_key, message, encode_dss_signature(r, s), signer_id))
    except (gmssl.InvalidValueError, gmssl.GmsslInnerError):
        return False


def sm3(data: bytes) -> bytes:
    """32 bytes."""
    running = Hash(SM3())
    running.update(data)
    return running.finalize()


def sm4_encrypt(key: bytes, plain: bytes) -> bytes:
    """SM4-ECB with PKCS#7: what the platform's clients do, however little we like ECB. key: 16 bytes."""
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(SM4(key), ECB()).encryptor()  # noqa: S305
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def sm4_decrypt(key: bytes, sealed: bytes) -> bytes:
    """The reverse. Raises ValueError for what was not made with this key."""
    decryptor = Cipher(SM4(key), ECB()).decryptor()  # noqa: S305
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(sealed) + decryptor.finalize()) + unpadder.finalize()


def _gmssl() -> Any:
    try:
        import gmssl_pyx
    except ImportError:
        raise CannotSign("gmssl-pyx has no build for this machine: an external signer is needed") from None
    return gmssl_pyx
