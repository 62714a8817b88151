"""A report's tables of zones and places."""

from collections.abc import Iterable
from typing import Final

from parkhub.domain.report_cells import RATE, SHARE, Column, Table
from parkhub.domain.report_counts import Counts
from parkhub.domain.report_spots import SpotTotal
from parkhub.domain.reports import Measure

STAND_OUT: Final = 10
"""So many places with the most and the least turnover are told by themselves."""

_PLACES_NOTE: Final = "Turnover: cars that came to stand, a day; a place that two cameras see is one."


def zones(counts: Counts) -> Table:
    """How full each was, and how many cars came there."""
    spots, came = counts.labels(Measure.ZONE_SPOTS), counts.labels(Measure.ZONE_ARRIVALS)
    free, taken = counts.labels(Measure.ZONE_FREE_S), counts.labels(Measure.ZONE_OCCUPIED_S)
    blind = counts.labels(Measure.ZONE_UNKNOWN_S)

    def share(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    rows = tuple(
        (
            zone or "No zone",
            (
                share(taken.get(zone, 0), taken.get(zone, 0) + free.get(zone, 0)),
                share(blind.get(zone, 0), taken.get(zone, 0) + free.get(zone, 0) + blind.get(zone, 0)),
                came.get(zone, 0),
                share(came.get(zone, 0), places),
            ),
        )
        for zone, places in sorted(spots.items())
    )
    columns = (Column("Occupancy", SHARE), Column("Not seen", SHARE), Column("Arrivals"))
    note = "Arrivals: cars that came to stand. Turnover: so many a place and day."
    return Table("zones", "Zones", "Zone", (*columns, Column("Turnover", RATE)), rows, "", note)


def places(counts: Counts, whole: bool) -> Iterable[Table]:
    """How often places changed hands: all of them, or those that stand out."""
    known = counts.spots if whole else [spot for spot in counts.spots if spot.occupancy is not None]
    ranked = sorted(known, key=lambda spot: (-spot.turnover, spot.name))
    zones = len({spot.zone for spot in ranked}) > 1

    def told(ident: str, title: str, spots: Iterable[SpotTotal], note: str = _PLACES_NOTE) -> Table:
        rows = tuple(
            (
                f"{spot.name}, {spot.zone or 'no zone'}" if zones else spot.name,
                (spot.turnover, spot.sums.arrivals, spot.occupancy, spot.unseen, spot.days),
            )
            for spot in spots
        )
        columns = (Column("Turnover", RATE), Column("Arrivals"), Column("Occupancy", SHARE), Column("Not seen", SHARE))
        return Table(ident, title, "Place", (*columns, Column("Days")), rows, "", note)

    if whole or len(ranked) <= 2 * STAND_OUT:
        return (told("places", "Turnover by place", ranked),)
    more = f"{_PLACES_NOTE} All {len(counts.spots)} places are in the CSV and XLSX files."
    least = reversed(ranked[-STAND_OUT:])
    return (
        told("places-most", "Places with the most turnover", ranked[:STAND_OUT]),
        told("places-least", "Places with the least turnover", least, more),
    )
