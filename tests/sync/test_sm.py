"""SM2, SM3 and SM4 give what the published standards give, and refuse what was changed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import sm, sm2_arithmetic

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
WAYS = {"gmssl": sm.verifies, "arithmetic": sm2_arithmetic.verifies}
ways = pytest.mark.parametrize("verifies", WAYS.values(), ids=WAYS)


@ways
def test_the_signature_of_the_standard_verifies(verifies):
    assert verifies(PUBLIC, MESSAGE, SIGNATURE, sm.SIGNER_ID)


def test_the_public_key_of_the_standard_belongs_to_its_private_key():
    assert sm.public_key_of(PRIVATE) == PUBLIC


@ways
@pytest.mark.parametrize(
    ("public", "message", "signature", "signer"),
    [
        (PUBLIC, b"another message", SIGNATURE, sm.SIGNER_ID),
        (PUBLIC, MESSAGE, SIGNATURE, b"ALICE123@YAHOO.COM"),
        (PUBLIC, MESSAGE, SIGNATURE[:-1] + bytes([SIGNATURE[-1] ^ 1]), sm.SIGNER_ID),
        (PUBLIC, MESSAGE, bytes(32) + SIGNATURE[32:], sm.SIGNER_ID),
        (PUBLIC, MESSAGE, SIGNATURE[:32] + bytes(32), sm.SIGNER_ID),
        (PUBLIC, MESSAGE, b"\xff" * 64, sm.SIGNER_ID),
        (PUBLIC, MESSAGE, SIGNATURE[:63], sm.SIGNER_ID),
        (PUBLIC, MESSAGE, b"", sm.SIGNER_ID),
        (PUBLIC[:32] + bytes(32), MESSAGE, SIGNATURE, sm.SIGNER_ID),
        (bytes(64), MESSAGE, SIGNATURE, sm.SIGNER_ID),
        (PUBLIC[1:], MESSAGE, SIGNATURE, sm.SIGNER_ID),
    ],
)
def test_what_was_changed_does_not(verifies, public, message, signature, signer):
    assert not verifies(public, message, signature, signer)


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=3000), st.binary(min_size=1, max_size=40))
def test_both_ways_agree_on_what_we_sign(message, signer):
    private, public = sm.new_key_pair()
    signature = sm.LocalSigner(private, signer).sign(message)
    assert len(signature) == 64
    for verifies in WAYS.values():
        assert verifies(public, message, signature, signer)
        assert not verifies(public, message + b"x", signature, signer)


def test_a_key_of_another_length_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        sm.LocalSigner(b"short")


def test_sm3_gives_the_digest_of_the_standard():
    # GB/T 32905-2016, appendix A.1.
    assert sm.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sm4_gives_the_block_of_the_standard():
    # GB/T 32907-2016, appendix A.1: key and plain text are the same sixteen bytes.
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    assert sm.sm4_encrypt(block, block)[:16].hex() == "681edf34d206965e86b3e94f536e4246"


@given(st.binary(max_size=200))
def test_sm4_opens_what_it_sealed(plain):
    assert sm.sm4_decrypt(b"k" * 16, sm.sm4_encrypt(b"k" * 16, plain)) == plain


@pytest.mark.parametrize("broken", [b"", b"123", bytes(16), bytes(17)])
def test_sm4_refuses_what_is_not_its_own(broken):
    with pytest.raises(ValueError):  # noqa: PT011 (OpenSSL's words)
        sm.sm4_decrypt(b"k" * 16, broken)
