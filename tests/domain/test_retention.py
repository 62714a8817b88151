"""When things have passed their time, and what stays of a plate."""

from datetime import timedelta

from builders import NOW

from parkhub.domain.lot_rules import LotRules
from parkhub.domain.retention import Kind, cutoffs, hash_plate, plate_key

SECRET = "s" * 40


def test_every_kind_goes_by_its_own_days():
    before = cutoffs(LotRules(picture_keep_days=1, read_keep_days=2, paid_keep_days=3, unpaid_keep_days=4), NOW)
    assert {kind.value: (NOW - at) / timedelta(days=1) for kind, at in before.items()} == {
        "gate_pictures": 1,
        "crops": 1,
        "reads": 2,
        "audit_plates": 4,
        "booking_plates": 3,
        "receipt_emails": 3,
        "paid_plates": 3,
        "unpaid_plates": 4,
    }


def test_plates_of_sessions_go_last_because_all_else_goes_by_them():
    assert list(Kind)[-2:] == [Kind.PAID_PLATES, Kind.UNPAID_PLATES]


def test_a_vehicle_that_returns_has_the_same_hash():
    assert hash_plate(plate_key(SECRET, 1), "8A8123") == hash_plate(plate_key(SECRET, 1), "8A8123")
    assert len(hash_plate(plate_key(SECRET, 1), "8A8123")) == 64


def test_another_plate_another_lot_and_another_installation_have_other_hashes():
    hashes = {
        hash_plate(plate_key(secret, lot_id), plate)
        for secret in (SECRET, "t" * 40)
        for lot_id in (1, 11)
        for plate in ("8A8123", "8A8124")
    }
    assert len(hashes) == 8
