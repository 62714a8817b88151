"""Whether a picture can be trusted: frozen, dark, blown out, blocked, blurred, or taken by a camera that has moved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from parkhub.domain.spots import SpotObservation, SpotShape, SpotState
from parkhub.domain.trust import Shift, Trouble, realign
from tasks.vision.engine import Look, SpotEngine
from tasks.vision.hidden import Cells, can_be_judged, cover, dullness, exposure, is_lit, sharpness
from tasks.vision.moved import (
    LIKE_MIN,
    STAYED_PX,
    STAYS,
    STRANGE,
    Fit,
    Map,
    compare,
    distance,
    find,
    lay_back,
    likeness,
    stays,
)
from tasks.vision.picture import Picture
from tasks.vision.still import STILLS_MAX, has_come, still_of
from tasks.vision.trust_memory import REFERENCES_MAX, Memory, Reference, encode, pack, unpack
from tasks.vision.view import View, shrink, size_for, view_of

MOVED: Final = 0.08  # share of the width from which spots are not carried along any more
_ALIKE: Final = 0.3  # likeness at which no other reference is tried
_BETTER: Final = 1.08  # gain in likeness from which another place is believed
_NEW_LIGHT: Final = 0.45  # likeness below which a view becomes another reference
_SHARP_MIN: Final = -0.3  # beside the first reference
_HOPS_MAX: Final = 3
_TRIED_MAX: Final = 2
_REST: Final = 4
_HIDDEN_MIN: Final = 0.5  # share of a spot
_FINE: Final = 8  # parts of a cell's side

_NOTHING: Final = SpotState.UNKNOWN, 0.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one picture looks like beside those before it.

    ``shift``: how the view moved since the reference, to be handed to `parkhub.domain.trust.realign`; None: it did not.
    ``memory``: wanted again with this camera's next picture; belongs to the spots as they are marked now, so whoever
    marks them anew deletes it. ``blind``: cells over the whole reference picture where something hides the view; None
    when there are none.
    """

    trouble: Trouble | None
    shift: Shift | None
    memory: bytes
    blind: Cells | None = None


@dataclass(frozen=True, slots=True)
class _Match:
    """The reference a view was recognised by, the view laid back over it, and how they fit."""

    reference: Reference
    view: View
    fit: Fit


def inspect(picture: Picture, memory: bytes | None) -> Inspection:
    """Compare one camera's picture with what ``memory`` holds of its former ones; a spoiled memory counts as none.

    Pictures of one camera come in the order of their times and may differ in size. The first one that shows enough
    becomes the reference: it should be the one the spots were marked on. FROZEN is said of every picture that shows the
    same as one of the last few; `parkhub.domain.trust.watch` decides when that is a trouble.
    """
    height, width = picture.shape[:2]
    known = unpack(memory) or Memory(size_for(width, height))
    known.count += 1
    view = view_of(shrink(picture, known.size))
    still = still_of(view.grey)
    frozen = has_come(known.stills, still)
    if not frozen:
        known.stills = [*known.stills, still][-STILLS_MAX:]
    trouble, blind = _judge(known, view)
    known.verdict = trouble
    if trouble is None and frozen:
        trouble = Trouble.FROZEN
    return Inspection(trouble, _shift(known), pack(known), blind)


def look_with_trust(
    engine: SpotEngine,
    picture: Picture,
    spots: Sequence[SpotShape],
    memory: bytes | None,
    inspection: Inspection,
) -> Look:
    """The engine's look at the spots where they lie in this picture; those that something hides are UNKNOWN.

    In a picture of any trouble but FROZEN all are UNKNOWN, without the engine's looking and without a new memory.
    """
    if inspection.trouble not in (None, Trouble.FROZEN):
        return Look([SpotObservation(spot.name, *_NOTHING) for spot in spots])
    look = engine.look(picture, realign(spots, inspection.shift), memory)
    hidden = hidden_spots(spots, inspection.blind)
    if not hidden:
        return look
    seen = [SpotObservation(o.spot, *_NOTHING) if o.spot in hidden else o for o in look.observations]
    return replace(look, observations=seen)


def hidden_spots(spots: Sequence[SpotShape], blind: Cells | None) -> frozenset[str]:
    """Names of the spots, as they were marked, that lie mostly in blind cells."""
    if blind is None:
        return frozenset()
    rows, columns = blind.shape
    fine = cv2.resize(blind.astype(np.uint8), None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_NEAREST)
    found = []
    for spot in spots:
        drawn = np.zeros_like(fine)
        points = np.asarray(spot.polygon) * (columns * _FINE, rows * _FINE)
        cv2.fillPoly(drawn, [np.round(points).astype(np.int32)], 1)
        if float(fine[drawn == 1].mean()) >= _HIDDEN_MIN if drawn.any() else False:
            found.append(spot.name)
    return frozenset(found)


def _judge(known: Memory, view: View) -> tuple[Trouble | None, Cells | None]:
    trouble = exposure(view)
    if trouble is not None:
        return trouble, None
    if not known.references:
        if can_be_judged(view):
            known.references.append(Reference(encode(view.grey), 0, known.count))
        return None, None
    laid = _laid(known, view)
    match = _recognise(known, laid)
    if match is None:
        if known.rest:
            known.rest -= 1
            return known.verdict, None
        match = _search(known, view, laid)
    far = distance(known.whole, *known.size) > MOVED
    if match is None:
        known.rest = _REST
        return Trouble.MOVED if far else _strange(known, laid), None
    known.rest = 0
    if far:
        return Trouble.MOVED, None
    return _hidden(known, match)


def _laid(known: Memory, view: View) -> View:
    return view if stays(known.whole) else view_of(lay_back(view.grey, known.whole))


def _recognise(known: Memory, laid: View) -> _Match | None:
    """The reference most like the view, when the camera stands where it stood with the last picture."""
    best = None
    for reference in sorted(known.references, key=lambda one: -one.used_at):
        fit = compare(reference.view, laid)
        if fit.stayed and (best is None or fit.likeness > best.fit.likeness):
            best = _Match(reference, laid, fit)
            if fit.likeness >= _ALIKE:
                break
    return best


def _search(known: Memory, view: View, laid: View) -> _Match | None:
    """The reference found elsewhere in the view; where that is becomes known."""
    unmoved = {reference: compare(reference.view, laid) for reference in known.references}
    likely = sorted(known.references, key=lambda one: -unmoved[one].likeness)
    for reference in list(dict.fromkeys([known.references[0], *likely]))[:_TRIED_MAX]:
        whole = find(reference.view, view.grey)
        if whole is None:
            continue
        found = view_of(lay_back(view.grey, whole))
        fit = compare(reference.view, found)
        if fit.likeness < LIKE_MIN:
            continue
        if fit.likeness < _BETTER * unmoved[reference].likeness:
            return _Match(reference, laid, unmoved[reference])
        known.whole = STAYS if distance(whole, *known.size) * known.size[0] <= STAYED_PX else whole
        return _Match(reference, found, fit)
    return None


def _hidden(known: Memory, match: _Match) -> tuple[Trouble | None, Cells | None]:
    """What hides a view that was recognised; what hides nothing in a new light becomes another reference."""
    match.reference.used_at = known.count
    first = known.references[0].view
    sharp = sharpness(match.reference.view, match.view, match.fit.like)
    covered = cover([first, match.reference.view], match.view, match.fit.like)
    trouble = dullness(match.reference.view, match.view, sharp, covered)
    if trouble is not None:
        return trouble, None
    if covered.cells.any():
        return None, covered.cells
    new = match.fit.likeness < _NEW_LIGHT and match.reference.hops < _HOPS_MAX and can_be_judged(match.view)
    if new and sharpness(first, match.view, match.fit.like) >= _SHARP_MIN:
        _remember(known, Reference(encode(match.view.grey), match.reference.hops + 1, known.count))
    return None, None


def _remember(known: Memory, reference: Reference) -> None:
    if len(known.references) >= REFERENCES_MAX:
        known.references.remove(min(known.references[1:], key=lambda one: one.used_at))
    known.references.append(reference)


def _strange(known: Memory, view: View) -> Trouble | None:
    """What a view that no reference is found in looks like; at night nobody can tell."""
    first = known.references[0].view
    nowhere = np.zeros(view.level.shape, np.float32)
    trouble = dullness(first, view, sharpness(first, view, nowhere), cover([first], view, nowhere))
    if trouble is not None:
        return trouble
    alike = max(likeness(reference.view, view) for reference in known.references)
    if alike < STRANGE and is_lit(view) and any(is_lit(reference.view) for reference in known.references):
        return Trouble.MOVED
    return None


def _shift(known: Memory) -> Shift | None:
    if stays(known.whole):
        return None
    width, height = known.size
    pixels: Map = np.array([[width, 0, -0.5], [0, height, -0.5], [0, 0, 1]], np.float64)
    shares = np.linalg.inv(pixels) @ known.whole @ pixels
    a, b, c, d, e, f, g, h, i = (float(number) for number in (shares / shares[2, 2]).ravel())
    return a, b, c, d, e, f, g, h, i
