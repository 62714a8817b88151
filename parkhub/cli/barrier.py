"""`parkhub barrier`: barriers of lots: added, tried, opened by hand, and what they did."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkhub.cli.database import DataDir, Jsonl, SettingsFile, instant, lot_of, opened, settings_of
from parkhub.cli.output import Line, Output
from parkhub.errors import BusyError, FieldsError, InvalidInputError
from parkhub.settings import Settings

if TYPE_CHECKING:
    from parkhub.domain.barriers import Barrier, Cause, Opening

app = typer.Typer(help="Barriers: added, tried, opened by hand, and what they did.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="BARRIER", help="A barrier by its id, as `list` shows it.")]
LotSlug = Annotated[str | None, typer.Option("--lot", metavar="LOT", help="A lot by slug.")]

_BARRIER = ("barrier", "lot", "name", "side", "told by", "to", "enabled")
_OPENING = ("asked at", "barrier", "why", "who", "outcome", "tries", "told")


@app.command("list")
def list_known(
    lot: LotSlug = None, data_dir: DataDir = None, settings_file: SettingsFile = None, *, jsonl: Jsonl = False
) -> None:
    """Print the barriers of a lot, or of all."""

    async def found(settings: Settings) -> list[Line]:
        from parkhub.db.barriers import list_barriers

        async with opened(settings):
            known = await list_barriers((await lot_of(lot)).id if lot else None)
            return [await _barrier_line(each) for each in known]

    _print(_BARRIER, asyncio.run(found(settings_of(data_dir, settings_file, "barrier"))), _barrier_row, jsonl=jsonl)


@app.command()
def add(
    lot: Annotated[str, typer.Option("--lot", metavar="LOT", help="A lot by slug.")],
    name: Annotated[str, typer.Option(help="As staff and drivers call it.")],
    webhook: Annotated[
        str, typer.Option(metavar="URL", help="Told by a signed webhook to this https:// address.")
    ] = "",
    topic: Annotated[str, typer.Option(help="Told by an MQTT message with this topic.")] = "",
    node: Annotated[str, typer.Option(metavar="CAMERA", help="Opened by a relay at this camera's node.")] = "",
    camera: Annotated[list[str] | None, typer.Option(help="Sees the cars before it; may come several times.")] = None,
    side: Annotated[str, typer.Option(help="exit or entry.")] = "exit",
    letting: Annotated[
        str, typer.Option(help="For whom an entrance opens by itself: nobody, everyone, rights, space.")
    ] = "nobody",
    timeout_s: Annotated[int, typer.Option(help="How long a command holds, seconds.")] = 8,
    pulse_ms: Annotated[int, typer.Option(help="How long a relay closes, milliseconds.")] = 500,
    call_email: Annotated[str, typer.Option(metavar="E-MAIL", help="Who is written to when somebody is needed.")] = "",
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Add a barrier, told in one of the three ways."""
    ways = [("webhook", webhook), ("mqtt", topic), ("relay", node)]
    given = [(kind, to) for kind, to in ways if to]
    if len(given) != 1:
        raise InvalidInputError("Give one of --webhook, --topic and --node.")
    (kind, to), settings = given[0], settings_of(data_dir, settings_file, "barrier")

    async def added() -> Line:
        from parkhub.secret_key import secret_key
        from parkhub.services.barrier_commands import secret_of
        from parkhub.services.barrier_setup import BarrierForm, create_barrier

        form = BarrierForm(
            name=name,
            kind=kind,
            side=side,
            letting=letting,
            address="" if kind == "relay" else to,
            node=to if kind == "relay" else "",
            cameras=camera or [],
            timeout_s=timeout_s,
            pulse_ms=pulse_ms,
            call_email=call_email,
        )
        async with opened(settings):
            try:
                barrier = await create_barrier((await lot_of(lot)).id, form, None, datetime.now(UTC))
            except FieldsError as error:
                raise InvalidInputError("; ".join(f"{each}: {why}" for each, why in error.fields.items())) from None
            line = await _barrier_line(barrier)
            return line if kind == "relay" else {**line, "secret": secret_of(secret_key(settings), barrier)}

    _print((*_BARRIER, "secret"), [asyncio.run(added())], _barrier_row, jsonl=jsonl)


@app.command("open")
def open_one(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; kept for good.")],
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Open a barrier by hand and wait for what becomes of it; ParkHub must be running."""
    from parkhub.domain.barriers import Cause

    _open(settings_of(data_dir, settings_file, "barrier"), name, reason, Cause.BY_HAND, jsonl=jsonl)


@app.command("test")
def try_one(name: Name, data_dir: DataDir = None, settings_file: SettingsFile = None, *, jsonl: Jsonl = False) -> None:
    """Open a barrier to see whether it does; calls nobody when it does not. ParkHub must be running."""
    from parkhub.domain.barriers import Cause

    _open(settings_of(data_dir, settings_file, "barrier"), name, "test from the command line", Cause.TEST, jsonl=jsonl)


@app.command()
def log(
    name: Annotated[str | None, typer.Argument(metavar="[BARRIER]", help="A barrier by its id; else all.")] = None,
    cause: Annotated[str | None, typer.Option(help="paid, grace, permit, booking, free, entry, by_hand, test.")] = None,
    outcome: Annotated[str | None, typer.Option(help="acknowledged, refused, timed_out, failed.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Such as 2026-06-12, in UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Openings at most.")] = 100,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Print what barriers were asked to do, the newest first."""

    async def found(settings: Settings) -> list[Line]:
        from parkhub.db.barrier_openings import OpeningFilter, list_openings
        from parkhub.db.barriers import find_barrier, list_barriers
        from parkhub.domain.barriers import Cause, OpeningOutcome

        try:
            wanted = OpeningFilter(
                cause=Cause(cause) if cause else None,
                outcome=OpeningOutcome(outcome) if outcome else None,
                since=instant(since, "--since"),
            )
        except ValueError as error:
            raise InvalidInputError(f"{error}.") from None
        async with opened(settings):
            known = [await find_barrier(name)] if name else await list_barriers()
            names = {each.id: each.public_id for each in known}
            openings = await list_openings(list(names), wanted, None, limit)
            return [_opening_line(each, names[each.barrier_id]) for each in openings]

    _print(_OPENING, asyncio.run(found(settings_of(data_dir, settings_file, "barrier"))), _opening_row, jsonl=jsonl)


def _open(settings: Settings, name: str, reason: str, cause: "Cause", *, jsonl: bool) -> None:
    async def done() -> "tuple[Opening, str]":
        from parkhub.clients import close_clients, open_clients
        from parkhub.db.barrier_openings import get_opening
        from parkhub.db.barriers import find_barrier
        from parkhub.services.barriers import open_by_hand

        async with opened(settings):
            clients = await open_clients(settings)
            try:
                barrier = await find_barrier(name)
                opening = await open_by_hand(clients, barrier, reason, None, "", datetime.now(UTC), cause)
                for _ in range((barrier.timeout_s + 10) * 10):
                    if opening.outcome:
                        break
                    await asyncio.sleep(0.1)
                    opening = await get_opening(opening.id)
                return opening, barrier.public_id
            finally:
                await close_clients(clients)

    opening, public_id = asyncio.run(done())
    output = Output(_OPENING, _opening_row, jsonl)
    output.add(_opening_line(opening, public_id))
    if opening.outcome != "acknowledged":
        why = opening.told.rstrip(".") or "nothing became of it; is ParkHub running"
        output.failed(public_id, BusyError(f"It did not say that it opened: {why}."))
    raise SystemExit(output.end())


async def _barrier_line(barrier: "Barrier") -> Line:
    from parkhub.db.cameras import get_camera
    from parkhub.db.lots import get_lot

    node = await get_camera(barrier.node_id) if barrier.node_id else None
    return {
        "barrier": barrier.public_id,
        "lot": (await get_lot(barrier.lot_id)).slug,
        "name": barrier.name,
        "side": barrier.side.value,
        "kind": barrier.kind.value,
        "to": node.public_id if node else barrier.address,
        "enabled": barrier.enabled,
    }


def _opening_line(opening: "Opening", barrier: str) -> Line:
    def told(at: datetime | None) -> str | None:
        return at.isoformat().replace("+00:00", "Z") if at else None

    return {
        "asked_at": told(opening.asked_at),
        "barrier": barrier,
        "cause": opening.cause.value,
        "reason": opening.reason,
        "person": opening.email,
        "session": opening.session_id,
        "passage": opening.passage_id,
        "sent_at": told(opening.sent_at),
        "acknowledged_at": told(opening.acknowledged_at),
        "attempts": opening.attempts,
        "outcome": opening.outcome.value,
        "told": opening.told,
    }


def _barrier_row(line: Line) -> list[list[str]]:
    names = ("barrier", "lot", "name", "side", "kind", "to", "enabled")
    return [[str(line[name]) for name in names] + ([str(line["secret"])] if "secret" in line else [])]


def _opening_row(line: Line) -> list[list[str]]:
    why = f"{line['cause']}: {line['reason']}" if line["reason"] else str(line["cause"])
    who = str(line["person"] or "-")
    outcome = str(line["outcome"] or "waiting")
    return [[str(line["asked_at"]), str(line["barrier"]), why, who, outcome, str(line["attempts"]), str(line["told"])]]


def _print(columns: tuple[str, ...], lines: list[Line], rows: Any, *, jsonl: bool) -> None:
    output = Output(columns, rows, jsonl)
    for line in lines:
        output.add(line)
    raise SystemExit(output.end())
