"""What each role may do, and where."""

import pytest

from parkhub.domain.accounts import Account
from parkhub.domain.rights import KEYS, PEOPLES, RIGHTS, Right, Role


def an_account(role: Role, **given: object) -> Account:
    return Account(1, "kim@example.org", "Kim", role, "", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.OWNER, {"read", "see_plates", "run", "refund", "set_up", "money", "people"}),
        (Role.OPERATOR, {"read", "see_plates", "run", "refund", "set_up", "money"}),
        (Role.ATTENDANT, {"read", "see_plates", "run", "refund"}),
        (Role.PATROL, {"read", "see_plates"}),
        (Role.ACCOUNTANT, {"read", "money"}),
        (Role.READ_ONLY, {"read"}),
    ],
)
def test_a_role_has_its_rights(role: Role, rights: set[str]) -> None:
    assert an_account(role, sees_plates=Right.SEE_PLATES in RIGHTS[role]).rights == rights


def test_every_role_of_a_person_can_be_chosen_and_no_program_is_one() -> None:
    assert set(PEOPLES) == set(Role) - {Role.KEY}


@pytest.mark.parametrize("role", [role for role in PEOPLES if role is not Role.OWNER])
def test_seeing_plates_is_said_for_each_person(role: Role) -> None:
    assert not an_account(role, sees_plates=False).may(Right.SEE_PLATES)
    assert an_account(role, sees_plates=True).may(Right.SEE_PLATES)


def test_a_person_may_nothing_in_a_lot_that_is_not_theirs() -> None:
    person = an_account(Role.OPERATOR, lot_ids=frozenset({7}))
    assert person.may(Right.SET_UP, 7)
    assert person.may(Right.SET_UP)
    assert not person.may(Right.SET_UP, 8)
    assert not person.may_everywhere(Right.SET_UP)


def test_whose_last_lot_is_gone_has_none_left() -> None:
    person = an_account(Role.OPERATOR, lot_ids=frozenset())
    assert not person.may(Right.READ, 1)
    assert not person.may_everywhere(Right.READ)


def test_an_owner_may_everything_everywhere_whatever_is_written() -> None:
    person = an_account(Role.OWNER, lot_ids=frozenset({7}), sees_plates=False)
    assert all(person.may(right, 8) and person.may_everywhere(right) for right in Right)


def test_a_disabled_account_may_nothing() -> None:
    person = an_account(Role.OWNER, disabled=True)
    assert not any(person.may(right) for right in Right)


def test_a_key_has_what_it_was_given_and_never_says_who_may_what() -> None:
    assert an_account(Role.KEY, scopes=frozenset({Right.RUN, Right.PEOPLE})).rights == {Right.RUN}
    assert Right.PEOPLE not in KEYS
