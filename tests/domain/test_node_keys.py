"""Codes that are typed, and keys that are made."""

from datetime import timedelta

import pytest
from builders import NOW

from parkhub.domain.node_keys import ALPHABET, OFFERED_FOR, KeyChange, hash_code, key_of, make_code

INSTALLATION = "an installation's key, which is long enough"


def test_a_code_has_fifty_random_bits_that_can_be_typed() -> None:
    codes = {make_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code) == 11 and code[5] == "-" and set(code) <= {*ALPHABET, "-"} for code in codes)
    assert len(ALPHABET) == 32


@pytest.mark.parametrize("typed", ["7kq2m-9xta1", " 7KQ2M 9XTA1 ", "7KQ2M9XTAL", "7kq2m9xtai"])
def test_it_is_read_as_people_type_it(typed: str) -> None:
    assert hash_code(INSTALLATION, typed) == hash_code(INSTALLATION, "7KQ2M-9XTA1")


@pytest.mark.parametrize("typed", ["", "7KQ2M-9XTA", "7KQ2M-9XTA11", "7KQ2M-9XTAU", "７KQ2M-9XTA1"])
def test_what_is_no_code_has_no_hash(typed: str) -> None:
    assert hash_code(INSTALLATION, typed) is None


def test_another_installation_keeps_another_hash_and_makes_another_key() -> None:
    assert hash_code(INSTALLATION, "7KQ2M-9XTA1") != hash_code(INSTALLATION + "2", "7KQ2M-9XTA1")
    keys = {
        key_of(*parts) for parts in ((INSTALLATION, "a", "b"), (INSTALLATION, "b", "b"), (INSTALLATION + "2", "a", "b"))
    }
    assert len(keys) == 3
    assert key_of(INSTALLATION, "a", "b") == key_of(INSTALLATION, "a", "b")
    assert all(len(key) == 43 for key in keys)


def test_a_change_offers_until_it_was_used_or_a_week_is_over_and_then_takes_the_old_key_for_a_minute() -> None:
    change = KeyChange(1, "uid", "new", "old", None, NOW, NOW + OFFERED_FOR)
    assert change.offers(NOW)
    assert not change.takes_old(NOW)
    assert not change.offers(NOW + OFFERED_FOR)
    used = KeyChange(1, "", "new", "old", None, NOW, NOW + OFFERED_FOR, NOW)
    assert not used.offers(NOW)
    assert used.takes_old(NOW + timedelta(seconds=59))
    assert not used.takes_old(NOW + timedelta(seconds=60))
