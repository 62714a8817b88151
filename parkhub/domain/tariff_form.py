"""The written form of a tariff, part by part, and its published schema (JSON Schema 2020-12).

Amounts are written in the currency's main unit (``"2.50"``), times of day as ``"08:00"``, ``"24:00"`` included.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from parkhub.domain.local_time import DAY_MINUTES

CURRENCY: Final = "^[A-Z]{3}$"
CLOCK: Final = r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"
MOMENT: Final = r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d$"
_MONTH: Final = 31 * DAY_MINUTES
Amount = str | int | float
Clock = Annotated[str, Meta(pattern=CLOCK, examples=["08:00"])]
Moment = Annotated[str, Meta(pattern=MOMENT, examples=["2026-06-12T16:00"])]
Minutes = Annotated[int, Meta(ge=0, le=_MONTH)]
Unit = Annotated[int, Meta(ge=1, le=_MONTH)]
Label = Annotated[str, Meta(max_length=60)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]


class _Form(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the file; an unknown name is an error, because a misspelt cap would be no cap."""


class PerStartedForm(_Form, tag="per_started", tag_field="type"):
    """A price for every started unit."""

    minutes: Unit
    price: Amount


class PerMinuteForm(_Form, tag="per_minute", tag_field="type"):
    """Every started minute at a sixtieth of an hour's price."""

    price_per_hour: Amount


class FlatForm(_Form, tag="flat", tag_field="type"):
    """One price as long as the hours last."""

    price: Amount


class StepForm(_Form):
    """What staying at most so long costs in all."""

    up_to_minutes: Unit
    price: Amount


class StepsForm(_Form, tag="steps", tag_field="type"):
    """Prices as on a sign."""

    steps: Annotated[list[StepForm], Meta(min_length=1, max_length=50)]
    then: PerStartedForm | PerMinuteForm | None = None


RateForm = PerStartedForm | PerMinuteForm | FlatForm | StepsForm


class BandForm(_Form, rename={"start": "from", "end": "to"}):
    """A rate and when it holds."""

    rate: RateForm
    name: Label = ""
    days: Annotated[list[Day], Meta(min_length=1)] | UnsetType = UNSET
    start: Clock | UnsetType = UNSET
    end: Clock | UnsetType = UNSET
    cap: Amount | None = None


class EventForm(_Form, rename={"start": "from", "end": "to"}):
    """A rate for an exceptional time, local."""

    rate: RateForm
    start: Moment
    end: Moment
    name: Label = ""
    cap: Amount | None = None


class AllowanceForm(_Form):
    """Free minutes."""

    minutes: Minutes
    per: Literal["day", "stay"] = "stay"


class CapForm(_Form):
    """The most a day or 24 hours cost."""

    price: Amount
    per: Literal["day", "24h"] = "24h"


class OverstayForm(_Form):
    """What staying longer than booked adds."""

    grace_minutes: Minutes = 0
    fee: Amount = 0
    rate: RateForm | None = None


class TaxForm(_Form):
    """Tax in percent, contained in the prices or on top."""

    percent: Amount
    included: bool = True


class RoundingForm(_Form):
    """To a multiple of a coin."""

    to: Amount
    mode: Literal["up", "down", "nearest"] = "nearest"


class TariffForm(_Form):
    """The price rules of a lot."""

    currency: Annotated[str, Meta(pattern=CURRENCY, examples=["EUR"])]
    bands: Annotated[list[BandForm], Meta(min_length=1, max_length=50)]
    name: Label = ""
    entry_grace_minutes: Minutes = 0
    exit_grace_minutes: Minutes = 15
    free_minutes: AllowanceForm | None = None
    cap: CapForm | None = None
    stay_max: Amount | None = None
    minimum: Amount = 0
    lost_ticket: Amount | None = None
    overstay: OverstayForm | None = None
    tax: TaxForm | None = None
    rounding: RoundingForm | None = None
    events: Annotated[list[EventForm], Meta(max_length=200)] = []
    holidays: Annotated[str, Meta(max_length=20, examples=["DE-BY"])] = ""


def tariff_schema() -> dict[str, Any]:
    """The JSON Schema of the file, as it is published."""
    (schema,), parts = msgspec.json.schema_components([TariffForm], ref_template="#/$defs/{name}")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Tariff", **schema, "$defs": parts}
