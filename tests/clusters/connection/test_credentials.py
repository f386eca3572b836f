"""A sealed credential opens for its own cluster and host alone, and shows nowhere else."""

import logging
import traceback
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.connection.credentials import (
    Keyring,
    PrivateKey,
    fingerprint,
    key_id_of,
    open_sealed,
    seal,
)
from clusters.connection.errors import ClusterError, Reason

CLUSTER = UUID("11111111-2222-3333-4444-555555555555")
OTHER_CLUSTER = UUID("11111111-2222-3333-4444-555555555556")
HOST = "api.example.com"
CANARY = b"canary-5d41402abc4b2a76b9719d911017c592"
KEYRING = Keyring((PrivateKey.generate(), PrivateKey.generate()))


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return seal(CANARY, KEYRING.public_key, CLUSTER, HOST)


def refusal(sealed: bytes, keyring: Keyring = KEYRING, cluster: UUID = CLUSTER, host: str = HOST) -> str:
    with pytest.raises(ClusterError) as raised:
        open_sealed(sealed, keyring, cluster, host)
    assert raised.value.reason is Reason.CREDENTIAL
    assert "set_credential" in raised.value.hint
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    assert "canary" not in shown
    return str(raised.value)


@given(st.binary(max_size=5_000))
def test_what_was_sealed_opens(secret: bytes) -> None:
    assert open_sealed(seal(secret, KEYRING.public_key, CLUSTER, HOST), KEYRING, CLUSTER, HOST) == secret


def test_the_case_of_the_host_does_not_matter(sealed: bytes) -> None:
    assert open_sealed(sealed, KEYRING, CLUSTER, "API.Example.com") == CANARY


def test_the_secret_is_not_in_the_box(sealed: bytes) -> None:
    assert CANARY not in sealed
    assert seal(CANARY, KEYRING.public_key, CLUSTER, HOST) != sealed


def test_every_key_of_the_ring_opens_and_the_first_seals(sealed: bytes) -> None:
    older = seal(CANARY, KEYRING.keys[1].public_key, CLUSTER, HOST)
    assert open_sealed(older, KEYRING, CLUSTER, HOST) == CANARY
    assert key_id_of(sealed) == KEYRING.public_key.key_id != key_id_of(older)


def test_a_box_moved_to_another_cluster_is_refused(sealed: bytes) -> None:
    assert "not sealed for this cluster" in refusal(sealed, cluster=OTHER_CLUSTER)


@pytest.mark.parametrize(
    "host", ["evil.example.com", "", "api.example.com.", "api.example.com|", "x|api.example.com"]
)
def test_a_box_for_another_host_is_refused(sealed: bytes, host: str) -> None:
    assert "not sealed for this cluster" in refusal(sealed, host=host)


def test_every_single_flipped_bit_is_refused(sealed: bytes) -> None:
    for position in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[position // 8] ^= 1 << position % 8
        refusal(bytes(flipped))


def test_every_shortened_box_is_refused(sealed: bytes) -> None:
    for length in range(len(sealed)):
        refusal(sealed[:length])
    refusal(sealed + b"\0")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_plain_words(sealed: bytes) -> None:
    refusal(sealed)


@given(st.binary(max_size=200))
def test_any_bytes_behind_a_real_key_id_are_refused_in_plain_words(rest: bytes) -> None:
    refusal(b"\x01" + bytes.fromhex(KEYRING.public_key.key_id) + rest)


def test_a_degenerate_public_key_is_refused(sealed: bytes) -> None:
    refusal(sealed[:9] + bytes(32) + sealed[41:])


def test_a_missing_key_is_named(sealed: bytes) -> None:
    said = refusal(sealed, keyring=Keyring((PrivateKey.generate(),)))
    assert KEYRING.public_key.key_id in said
    assert "TOPMAST_KEY_FILE" in said


def test_keys_show_their_id_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    private = b"canary-private-key-of-32-bytes!!"
    key = PrivateKey(private)
    ring = Keyring((key,))
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("%r %r %s", key, ring, ring)
    assert "canary" not in caplog.text
    assert key.public_key.key_id in caplog.text
    assert private.hex() not in caplog.text


def test_fingerprints_tell_secrets_apart_and_are_short() -> None:
    assert fingerprint(b"one") != fingerprint(b"two")
    assert len(fingerprint(CANARY)) == 8
