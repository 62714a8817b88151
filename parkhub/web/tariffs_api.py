"""Tariffs of lots for programs: the JSON interface. Staff see them, owners publish them."""

from datetime import UTC, datetime

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from parkhub.db import tariffs as tariff_rows
from parkhub.db.tariffs import TariffVersion
from parkhub.domain.rights import Right
from parkhub.domain.vehicles import VehicleKind
from parkhub.services import tariffs
from parkhub.web.api_answers import aware, find_lot
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest


class TariffItem(msgspec.Struct, frozen=True):
    """A published tariff, as YAML; ``kind`` null: for any vehicle. ``note``: why, as whoever published it said."""

    id: int
    kind: VehicleKind | None
    valid_from: datetime
    created_at: datetime
    text: str
    note: str


class TariffForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tariff as YAML or JSON text, from when on, and for which kind of vehicle (null: any)."""

    text: str
    valid_from: datetime
    kind: VehicleKind | None = None
    note: str = ""


@get("/lots/{slug:str}/tariffs", tags=["Tariffs"])
async def list_tariffs(slug: FromPath[str]) -> list[TariffItem]:
    """A lot's tariffs, the one that begins last first."""
    return [_item(each) for each in await tariff_rows.list_versions((await find_lot(slug)).id)]


@post("/lots/{slug:str}/tariffs", tags=["Tariffs"], guards=[needs(Right.SET_UP)])
async def publish_tariff(request: AnyRequest, slug: FromPath[str], data: JSONBody[TariffForm]) -> TariffItem:
    """Publish a tariff from an instant on."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    start = aware(data.valid_from)
    return _item(await tariffs.publish(lot.id, data.kind, data.text, start, request.user.id, now, data.note))


def _item(version: TariffVersion) -> TariffItem:
    return TariffItem(version.id, version.kind, version.valid_from, version.created_at, version.text, version.note)


routes = [Router("/api/v1", route_handlers=[list_tariffs, publish_tariff], guards=[needs(Right.READ)])]
