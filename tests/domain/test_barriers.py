"""How what is told to barriers and by them is signed."""

from parkhub.domain.barriers import same_signature, sign_text


def test_an_empty_secret_signs_nothing() -> None:
    assert same_signature("secret", sign_text("secret", "a", "b"), "a", "b")
    assert not same_signature("secret", sign_text("secret", "a", "b"), "ab", "")
    assert not same_signature("", sign_text("", "a"), "a")
