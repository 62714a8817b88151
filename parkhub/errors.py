"""Every error ParkHub raises on purpose, as one tree.

ParkHubError
├── SettingsError            a setting is wrong; the start is refused
├── NotFoundError            404
├── ForbiddenError           403
├── SignInRequiredError      401
├── FactorRequiredError      403  the role has a second factor, and this person none yet
├── SignatureError           401  an upload's key or signature is wrong
├── ConflictError            409
├── InvalidInputError        422  the value was understood and is wrong
│   ├── FieldsError          422  some fields of a form are wrong, each with its own sentence
│   ├── PictureError         422  not a whole, readable picture
│   ├── SpotsFileError       422  a mask, SPOTS.json or CarParkPos file is wrong
│   ├── PermitsFileError     422  some lines of a table of permits are wrong, each with its reason
│   └── TariffError          422  a tariff is wrong, at one named place
├── UnsupportedTypeError     415
├── TooLargeError            413
├── TooOftenError            429, retryable
├── BusyError                503, retryable
└── EngineError              500  a model or engine failed; never read as "nothing there"
"""

from collections.abc import Sequence
from typing import ClassVar


def sentence(reason: object) -> str:
    """What is wrong, such as "2.5 is no amount", as a sentence; nothing but its first letter changes."""
    words = str(reason)
    return f"{words[:1].upper()}{words[1:]}."


class ParkHubError(Exception):
    """Base of the tree. ``str(error)`` is a sentence fit for the person who sees it, without plates or secrets."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SettingsError(ParkHubError):
    """A setting is missing or wrong; the message names it."""

    title = "A setting is wrong"


class NotFoundError(ParkHubError):
    """What was asked for is not there, or not for this person."""

    status = 404
    title = "Not found"


class ForbiddenError(ParkHubError):
    """The person is known and may not do this."""

    status = 403
    title = "Not allowed"


class SignInRequiredError(ParkHubError):
    """Nobody is signed in."""

    status = 401
    title = "Sign in first"


class FactorRequiredError(ParkHubError):
    """The person's role demands a second factor, and they have none yet."""

    status = 403
    title = "Set up your second factor first"


class SignatureError(ParkHubError):
    """An upload's key, time or signature is missing or wrong."""

    status = 401
    title = "The signature is wrong"


class ConflictError(ParkHubError):
    """The thing exists already or has changed meanwhile."""

    status = 409
    title = "Already there"


class InvalidInputError(ParkHubError):
    """A value was understood and is wrong; the message says which and why."""

    status = 422
    title = "A value is wrong"


class FieldsError(InvalidInputError):
    """Some fields are wrong; ``fields`` maps a field's name to a sentence."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = fields


class PictureError(InvalidInputError):
    """Not a whole, readable picture."""

    title = "The picture cannot be read"


class SpotsFileError(InvalidInputError):
    """A mask, SPOTS.json or CarParkPos file is wrong."""

    title = "The spots file cannot be read"


class PermitsFileError(InvalidInputError):
    """Some lines of a table of permits are wrong; ``faults`` are told by line and column."""

    title = "The table of permits is wrong"

    def __init__(self, faults: Sequence[object]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults) + ".")
        self.faults = faults


class TariffError(InvalidInputError):
    """A tariff is wrong at ``path``, such as ``bands[0].rate.price``; empty when it is wrong as a whole."""

    title = "The tariff is wrong"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}." if path else sentence(reason))
        self.path = path
        self.reason = reason


class UnsupportedTypeError(ParkHubError):
    """A media type ParkHub does not take."""

    status = 415
    title = "This type is not taken"


class TooLargeError(ParkHubError):
    """More bytes, pixels or frames than the limit."""

    status = 413
    title = "Too large"


class TooOftenError(ParkHubError):
    """Rate limited."""

    status = 429
    title = "Too many tries"
    retryable = True


class UnansweredError(ParkHubError):
    """Somebody was told something and did not say that it was heard: it may have been."""

    status = 504


class BusyError(ParkHubError):
    """Not now: a queue is full or a service is away."""

    status = 503
    title = "Not just now"
    retryable = True


class EngineError(ParkHubError):
    """A model or engine failed."""

    title = "The picture could not be analysed"
