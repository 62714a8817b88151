"""Fits the classifier's last layer anew to one lot from people's labels: in seconds, and without torch.

Logistic regression by Newton's method (iteratively reweighted least squares), held by its prior to the shipped layer:
the maximum a posteriori of a Gaussian around it (Bishop, Pattern Recognition and Machine Learning, 4.3.3 and 4.5). How
strongly it is held is chosen by cross-validation. Labels of one group, a picture or a time, are never on both sides of
a split: the same car seen twice would flatter the fit.

People correct errors more often than they confirm what is right. So labels that the shipped layer gets wrong count at
most `WRONG_SHARE_MAX` of all, in the fit and in the trial: they would otherwise tell it that it is mostly wrong. Where
the layer itself, by its confidence in what it got right, expects more errors, that many count. A lot that it judges
surely and often wrong looks like one whose errors alone were labelled: the head gets better there, but too sure.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parkhub.domain.spot_heads import LABELS_MAX, HeadTrial, SpotHead, too_few
from parkhub.errors import EngineError, InvalidInputError
from tasks.vision.classifier import ClassifierEngine

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STRENGTHS: Final = (100.0, 30.0, 10.0, 3.0, 1.0)
"""How strongly the weights are held, in units of one label's pull on features of length one."""

BIAS_STRENGTH: Final = 200.0
"""As strongly is the bias held, that is, hardly let go: what one day asks of it, another day takes back (tried at 5 and
20: up to three points were lost on other days by heads that had won, and no lot needed it)."""

WRONG_SHARE_MAX: Final = 0.1
FOLDS: Final = 5
TEMPERATURES: Final = np.exp(np.linspace(np.log(0.5), np.log(4.0), 43))
_TEMPERATURE_STRENGTH: Final = 10.0
_STEPS_MAX: Final = 12
_STEP_MAX: Final = 5.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels ready to fit: ``rows`` features about their mean at length one and a last column of ones, ``start`` the
    shipped logits over their temperature, ``weights`` what each label counts, with a mean of one.
    """

    rows: Floats
    start: Floats
    occupied: Mask
    weights: Floats
    groups: NDArray[np.int64]

    def part(self, chosen: Mask) -> "Labelled":
        """Some of the labels."""
        return Labelled(
            self.rows[chosen], self.start[chosen], self.occupied[chosen], self.weights[chosen], self.groups[chosen]
        )

    def logits(self, change: Floats) -> Floats:
        """What the shipped layer and a change of it say together."""
        answer: Floats = self.start + self.rows @ change
        return answer

    def losses(self, logits: Floats) -> Floats:
        """Each label's cross-entropy, weighted."""
        answer: Floats = self.weights * np.logaddexp(0.0, np.where(self.occupied, -logits, logits))
        return answer


def fit(
    crops: NDArray[np.uint8], occupied: Mask, groups: NDArray[np.int64], engine: ClassifierEngine
) -> tuple[SpotHead, HeadTrial]:
    """The head fitted to all labels, and how heads fitted the same way did on labels they had not seen.

    ``crops``: N x side x side x 4 as `crops.cut` gives them; ``occupied``: what people say, N; ``groups``: N, equal
    for labels of the same picture or time. The same labels give the same head. The trial's accuracies count both
    states alike and wrong labels as said above; it has nothing held back when no split leaves both states to fit.
    Raises InvalidInputError for labels that nothing can be fitted to, EngineError when the engine fails.
    """
    shipped = engine.shipped_head
    features = _checked(crops, occupied, groups, engine)
    if shipped is None:
        raise EngineError("This spot classifier cannot be adapted: its file gives no features.")
    start = (features @ np.array(shipped.weights) + shipped.bias) / shipped.temperature
    if ((start > 0) != occupied).all():
        raise InvalidInputError(
            "Every label says the opposite of what the classifier saw. Confirm some spots that it read right, too."
        )
    middle = features.mean(axis=0)
    length = max(float(np.sqrt(((features - middle) ** 2).sum(axis=1).mean())), 1e-6)
    rows = np.column_stack(((features - middle) / length, np.ones(len(features))))
    labels = Labelled(rows, start, occupied, _weights(occupied, start), groups)
    unseen, judged = _held_back(labels)
    change = fit_change(labels, _strength(labels))
    weights = np.array(shipped.weights) + change[:-1] / length * shipped.temperature
    bias = shipped.bias + float(change[-1] - change[:-1] @ middle / length) * shipped.temperature
    temperature = shipped.temperature * _temperature(labels.part(judged), unseen[judged])
    head = SpotHead(tuple(weights.tolist()), bias, temperature, shipped.model_sha256)
    return head, _trial(labels, unseen, judged)


def fit_change(labels: Labelled, strength: float) -> Floats:
    """By how much the shipped layer is to change (the last number is the bias) when held so strongly."""
    held = np.full(labels.rows.shape[1], strength)
    held[-1] = BIAS_STRENGTH
    change = np.zeros(len(held))
    for _ in range(_STEPS_MAX):
        chance = 1.0 / (1.0 + np.exp(-np.clip(labels.logits(change), -30, 30)))
        slope = labels.rows.T @ (labels.weights * (chance - labels.occupied)) + held * change
        bend = labels.weights * chance * (1 - chance)
        step = np.linalg.solve(labels.rows.T @ (labels.rows * bend[:, None]) + np.diag(held), slope)
        longest = float(np.abs(step).max())
        change -= step * min(1.0, _STEP_MAX / max(longest, 1e-12))
        if longest < 1e-4:
            break
    return change


def _checked(crops: NDArray[np.uint8], occupied: Mask, groups: NDArray[np.int64], engine: ClassifierEngine) -> Floats:
    """The features of labels that make sense together."""
    if not len(crops) == len(occupied) == len(groups) or occupied.dtype != np.bool_:
        raise InvalidInputError("Each label needs a crop, a state that is true or false, and a group.")
    if len(occupied) > LABELS_MAX:
        raise InvalidInputError(f"{len(occupied)} labels are more than the {LABELS_MAX} that are fitted at once.")
    if missing := too_few(int((~occupied).sum()), int(occupied.sum())):
        raise InvalidInputError(missing)
    features = engine.features(crops)
    if not np.isfinite(features).all():
        raise EngineError("The classifier answered with values that are no numbers.")
    return features


def _weights(occupied: Mask, start: Floats) -> Floats:
    """Both states alike, labels that the shipped layer gets wrong at most their share; a mean of one.

    At a logit z it is wrong exp(-|z|) times as often as right. Counted over what it got right, that is how many errors
    it expects, however many of them people chose to label.
    """
    wrong = (start > 0) != occupied
    weights = np.where(occupied, 1.0 / max(occupied.sum(), 1), 1.0 / max((~occupied).sum(), 1))
    if wrong.any():
        expected = (weights * np.exp(-np.abs(start)))[~wrong].sum()
        most = max(expected, weights[~wrong].sum() * WRONG_SHARE_MAX / (1 - WRONG_SHARE_MAX))
        weights[wrong] *= min(1.0, most / weights[wrong].sum())
    mean: Floats = weights / weights.mean()
    return mean


def _splits(labels: Labelled) -> list[Mask]:
    """What is left out in turn: whole groups, dealt so that both states are in most parts."""
    names, at = np.unique(labels.groups, return_inverse=True)
    share = np.bincount(at, labels.occupied) / np.bincount(at)
    part = np.empty(len(names), np.int64)
    part[np.lexsort((names, share))] = np.arange(len(names)) % FOLDS
    every = [part[at] == number for number in range(min(FOLDS, len(names)))]
    return [out for out in every if len(set(labels.occupied[~out])) == 2]


def _strength(labels: Labelled) -> float:
    """How strongly the weights are best held, judged by labels left out."""
    losses = np.zeros(len(STRENGTHS))
    for out in _splits(labels):
        inside, outside = labels.part(~out), labels.part(out)
        for index, strength in enumerate(STRENGTHS):
            losses[index] += outside.losses(outside.logits(fit_change(inside, strength))).sum()
    return STRENGTHS[int(np.argmin(losses))]


def _held_back(labels: Labelled) -> tuple[Floats, Mask]:
    """The logits that heads fitted without a label's group give it, and which labels were judged so."""
    unseen, judged = labels.start.copy(), np.zeros(len(labels.start), np.bool_)
    for out in _splits(labels):
        inside = labels.part(~out)
        unseen[out] = labels.part(out).logits(fit_change(inside, _strength(inside)))
        judged |= out
    return unseen, judged


def _temperature(labels: Labelled, logits: Floats) -> float:
    """How many times surer than its logits the head may be, judged by labels left out; few labels change little."""
    losses = [labels.losses(logits / t).sum() + _TEMPERATURE_STRENGTH * np.log(t) ** 2 for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _trial(labels: Labelled, unseen: Floats, judged: Mask) -> HeadTrial:
    """Before and after, on the labels that were held back."""
    held = int(judged.sum())
    if not held:
        return HeadTrial(len(judged), 0, 0.0, 0.0)
    before, after = (
        float(np.average((logits > 0)[judged] == labels.occupied[judged], weights=labels.weights[judged]))
        for logits in (labels.start, unseen)
    )
    return HeadTrial(len(judged), held, round(before, 4), round(after, 4))
