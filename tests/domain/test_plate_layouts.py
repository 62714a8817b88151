"""Layouts as rules after the vote; every plate here is made up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plate_scenes import letter, reading

from parkhub.domain.plate_layouts import COUNTRIES, LEFT_ALONE, REGIONS, decide, fits, layouts_of
from parkhub.domain.plates import Reading, fold, vote
from parkhub.errors import InvalidInputError


def decided(text: str, region: str, *more: str) -> str:
    return decide(vote([reading(one) for one in (text, *more)]), region).text


@pytest.mark.parametrize(
    ("seen", "region", "text"),
    [
        ("KAO17XM", "sk", "KA017XM"),
        ("KA417X1", "sk", "KA417XI"),
        ("LA5ISMR", "gb", "LA51SMR"),
        ("LA51SMR", "gb", "LA51SMR"),
        ("6O-BXK-4", "nl", "60BXK4"),
        ("K1T-1234", "br", "KIT1234"),
        ("KITI234", "br", "KIT1234"),
        ("KIT1B34", "br", "KIT1B34"),
        ("MH12DE1433", "in", "MH12DE1433"),
        ("MHI2DEI433", "in", "MH12DE1433"),
        ("51F-97O22", "vn", "51F97022"),
    ],
    ids=[
        "letter O for a digit", "digit 1 for a letter", "GB age code", "GB as it is", "NL side code",
        "BR letters first",
        "BR digits last",
        "BR as in the Mercosul", "IN as it is", "IN look-alikes", "VN",
    ],
)  # fmt: skip
def test_look_alikes_are_put_right_by_their_place(seen: str, region: str, text: str) -> None:
    assert decided(seen, region) == text


@pytest.mark.parametrize(
    ("seen", "region", "text"),
    [
        ("SKKA417XM", "sk", "KA417XM"),
        ("EKA417XM", "sk", "KA417XM"),
        ("KA8417XM", "sk", "KA417XM"),
        ("NL60BXK4", "nl", "60BXK4"),
        ("B60BXK4", "nl", "60BXK4"),
    ],
    ids=["country of the band", "a piece of the band", "a crest in the middle", "NL band", "a piece of the NL band"],
)
def test_letters_that_are_none_are_left_out(seen: str, region: str, text: str) -> None:
    assert decided(seen, region) == text


def test_a_letter_in_doubt_is_left_out_before_a_sure_one() -> None:
    seen = Reading((letter("P", 0.5, ("E", 0.3)), *(letter(c) for c in "KA417XM")))
    assert decide(vote([seen]), "eu").text == "KA417XM"


@pytest.mark.parametrize("text", ["ZAPPER", "1", "QQ", "AAAAAAAAAAAAAA"], ids=["a word", "one", "two", "far too long"])
def test_what_fits_no_layout_is_left_alone_or_nothing(text: str) -> None:
    decision = decide(vote([reading(text)]), "nl")
    assert decision.text in (text, "")
    assert decision.layout == ""


@pytest.mark.parametrize("chance", [0.0, 1e-320])
def test_a_letter_without_any_chance_is_judged_all_the_same(chance: float) -> None:
    letters = tuple(((c, chance), ("0", chance)) for c in "SKLA5ISAB")
    texts = {fit.text for fit in fits(letters, layouts_of("sk"))}
    assert "SKLA5ISAB" in texts
    assert len(texts) > 1


def test_nothing_voted_decides_nothing() -> None:
    decision = decide([], "auto")
    assert (decision.text, decision.confidence, decision.candidates) == ("", 0.0, ())


def test_a_text_in_its_layout_costs_nothing_to_speak_of() -> None:
    best = fits(vote([reading("KA417XM")])[0].letters, layouts_of("sk"))[0]
    assert (best.text, best.layout) == ("KA417XM", "LLDDDLL")
    assert best.cost < LEFT_ALONE / 10


def test_a_sure_text_keeps_its_layout_however_late_the_layout_comes() -> None:
    decision = decide(vote([reading("4821937")]), "auto")
    assert (decision.text, decision.layout) == ("4821937", "DDDDDDD")


def test_where_any_country_may_come_a_sure_letter_is_changed_for_no_layout() -> None:
    assert decided("KT4Z19", "auto") == "KT4Z19"
    assert decided("KAO17XM", "sk") == "KA017XM"


def test_a_repair_lowers_the_confidence() -> None:
    as_it_is, repaired = (decide(vote([reading(text)]), "sk") for text in ("KA417XM", "KAO17XM"))
    assert repaired.confidence < as_it_is.confidence


def test_the_vote_comes_before_the_rules() -> None:
    """Two of three readings without the crest outweigh one with it that fits a longer layout as well."""
    assert decided("KA417XM", "auto", "KA-417XM", "KA8417XM") == "KA417XM"


def test_an_unknown_region_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match=r"'atlantis'.*auto, eu"):
        layouts_of("atlantis")


def test_regions_may_be_written_in_capitals() -> None:
    assert layouts_of("NL") == layouts_of("nl")


def test_every_country_of_europe_is_in_eu_and_auto() -> None:
    for layouts in COUNTRIES.values():
        assert set(layouts) <= set(REGIONS["eu"]) <= set(REGIONS["auto"])


def example(layout: str, draw: st.DataObject) -> str:
    sets = {"L": "ABCDEFGHJKLMNPRSTUVWXYZ", "D": "0123456789", "X": "ABCDEF123456"}
    return "".join(draw.draw(st.sampled_from(sets.get(place, place))) for place in layout.replace("*", ""))


@settings(deadline=None)
@given(st.sampled_from(sorted(set(REGIONS) - {"auto", "eu"})), st.data())
def test_a_sure_text_of_a_region_stays_as_it_is(region: str, data: st.DataObject) -> None:
    text = example(data.draw(st.sampled_from(layouts_of(region))), data)
    assert fold(decided(text, region)) == fold(text)


@settings(deadline=None)
@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=12), st.sampled_from(sorted(REGIONS)))
def test_candidates_are_probabilities_and_the_first_is_the_text(text: str, region: str) -> None:
    decision = decide(vote([reading(text, 0.9)]), region)
    assert 0 <= decision.confidence <= 1
    assert sum(candidate.confidence for candidate in decision.candidates) <= 1.001
    if decision.candidates:
        assert decision.candidates[0].text == decision.text
