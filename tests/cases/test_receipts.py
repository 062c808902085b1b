"""A receipt number survives being read aloud; what the QR code says can be verified by anybody, and only we can say it."""

from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cases import receipts
from common.sealing import make_keys, public_receipt_key

refs = st.builds(lambda _: receipts.new_ref(), st.integers())
RECEIPT = receipts.Receipt("K7M24Q9P", 15, "LS0001", date(2026, 11, 23))


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    return make_keys(tmp_path_factory.mktemp("keys"))


@given(refs)
def test_a_number_is_read_back_however_it_is_written(ref):
    said = receipts.say_ref(ref)
    assert len(said) == 9
    wide = "".join(chr(ord(c) + 0xFEE0) for c in ref)
    for typed in (ref, said, said.lower(), f" {ref[:4]} {ref[4:]} ", wide, f"{ref[:4]}—{ref[4:]}"):
        assert receipts.read_ref(typed) == ref


@given(refs, st.integers(0, 7), st.sampled_from(receipts.ALPHABET))
def test_one_wrong_character_is_noticed(ref, place, other):
    wrong = ref[:place] + other + ref[place + 1 :]
    assert receipts.read_ref(wrong) == (ref if wrong == ref else None)


@pytest.mark.parametrize("typed", ["", "K7M2", "K7M2-4Q9P-1", "0000-0000", "回执号", "O1IL-UUUU", "2" * 5000])
def test_what_is_no_number_is_none(typed):
    assert receipts.read_ref(typed) is None


def test_the_public_key_alone_verifies_a_receipt(ring):
    token = receipts.sign(ring, RECEIPT)
    key = receipts.read_public_key(public_receipt_key(ring))
    assert receipts.verify(token, key) == RECEIPT
    assert receipts.verify(f" {token}\n", key) == RECEIPT


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token.replace("MK1.K7M24Q9P", "MK1.K7M24Q9Q"),
        lambda token: token.replace(".15.", ".14."),
        lambda token: token.replace("LS0001", "LS0002"),
        lambda token: token.replace("20261123", "20261124"),
        lambda token: token.replace("20261123", "20261323"),
        lambda token: token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        lambda token: token[:-1],
        lambda token: token + ".x",
        lambda token: "",
        lambda token: "MK1." + "9" * 10_000,
    ],
)
def test_a_changed_receipt_is_not_ours(ring, change):
    key = receipts.read_public_key(public_receipt_key(ring))
    assert receipts.verify(change(receipts.sign(ring, RECEIPT)), key) is None


def test_a_receipt_of_another_installation_is_not_ours(ring):
    stranger = Ed25519PrivateKey.generate().public_key()
    assert receipts.verify(receipts.sign(ring, RECEIPT), stranger) is None


def test_a_code_is_kept_only_as_a_keyed_hash_of_its_receipt(ring):
    code = receipts.new_code()
    kept = receipts.follow_hash(ring, "K7M24Q9P", code)
    assert len(code) == 6
    assert code not in kept
    assert kept == receipts.follow_hash(ring, "K7M24Q9P", code)
    assert kept != receipts.follow_hash(ring, "K7M24Q9Q", code)
