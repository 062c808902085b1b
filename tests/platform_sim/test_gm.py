"""The simulator's own SM2, SM3 and SM4 give what the standards give, refuse what was changed, and agree with GmSSL."""

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_sim import gm

# GM/T 0003.5-2012 (GB/T 32918.5-2017), appendix A.2: the recommended curve.
PRIVATE = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
MESSAGE = b"message digest"
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def test_the_vector_of_the_standard_verifies_and_its_keys_belong_together():
    assert gm.verifies(PUBLIC, MESSAGE, SIGNATURE)
    assert gm.public_key(PRIVATE) == PUBLIC


@pytest.mark.parametrize(
    ("public", "message", "signature", "signer"),
    [
        (PUBLIC, b"another message", SIGNATURE, gm.SIGNER),
        (PUBLIC, MESSAGE, SIGNATURE, b"ALICE123@YAHOO.COM"),
        (PUBLIC, MESSAGE, SIGNATURE[:-1] + bytes([SIGNATURE[-1] ^ 1]), gm.SIGNER),
        (PUBLIC, MESSAGE, bytes(32) + SIGNATURE[32:], gm.SIGNER),
        (PUBLIC, MESSAGE, SIGNATURE[:32] + bytes(32), gm.SIGNER),
        (PUBLIC, MESSAGE, b"\xff" * 64, gm.SIGNER),
        (
            PUBLIC,
            MESSAGE,
            SIGNATURE[:32] + (gm.N - int.from_bytes(SIGNATURE[:32], "big")).to_bytes(32, "big"),
            gm.SIGNER,
        ),
        (PUBLIC, MESSAGE, SIGNATURE[:63], gm.SIGNER),
        (PUBLIC, MESSAGE, b"", gm.SIGNER),
        (PUBLIC[:63] + b"\x00", MESSAGE, SIGNATURE, gm.SIGNER),
        (bytes(64), MESSAGE, SIGNATURE, gm.SIGNER),
        (b"\xff" * 64, MESSAGE, SIGNATURE, gm.SIGNER),
        (PUBLIC[1:], MESSAGE, SIGNATURE, gm.SIGNER),
    ],
)
def test_what_was_changed_does_not(public, message, signature, signer):
    assert not gm.verifies(public, message, signature, signer)


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=3000), st.binary(min_size=1, max_size=40))
def test_what_one_signs_the_other_verifies(message, signer):
    private = gm.new_private_key()
    public = gm.public_key(private)
    r, s = decode_dss_signature(gmssl_pyx.sm2_sign(private, public, message, signer))
    assert gm.verifies(public, message, r.to_bytes(32, "big") + s.to_bytes(32, "big"), signer)
    ours = gm.sign(private, message, signer)
    der = encode_dss_signature(int.from_bytes(ours[:32], "big"), int.from_bytes(ours[32:], "big"))
    assert gmssl_pyx.sm2_verify(public, message, der, signer)


def test_the_same_message_is_never_signed_twice_alike():
    assert gm.sign(PRIVATE, MESSAGE) != gm.sign(PRIVATE, MESSAGE)


def test_digest_and_cipher_give_what_the_standards_print():
    # GB/T 32905-2016, A.1; GB/T 32907-2016, A.1.
    assert gm.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    assert gm.sm4_seal(block, block)[:16].hex() == "681edf34d206965e86b3e94f536e4246"
    assert gm.sm4_open(block, gm.sm4_seal(block, b"")) == b""
