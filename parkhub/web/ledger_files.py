"""A lot's ledger as files for accountants."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

from litestar import Router, get
from litestar.response import Stream

from parkhub.db import ledger as ledger_rows
from parkhub.db.ledger import Posted
from parkhub.db.ledger_search import PostedFilter, list_first
from parkhub.domain.ledger_text import beancount_lines, csv_lines
from parkhub.domain.rights import Right
from parkhub.errors import InvalidInputError, NotFoundError
from parkhub.services import ledger
from parkhub.web.guards import needs
from parkhub.web.ledger import Asked, read_asked
from parkhub.web.templating import AnyRequest

PAGE: Final = 500
BEANCOUNT_MAX: Final = 100_000
"""So many transactions are written for Beancount from here; its last lines need all of them at once."""


@get("/ledger.csv")
async def show_csv(request: AnyRequest) -> Stream:
    """A lot's chain as comma-separated values, or the transactions of a choice by when they happened; streamed."""
    asked = await _file(request)

    async def lines() -> AsyncIterator[str]:
        yield "\ufeff"
        heading, *_ = csv_lines(())
        yield heading + "\r\n"
        whole = asked.wanted == PostedFilter(asked.lot.id)
        async for each in ledger.chain(asked.lot.id) if whole else _chosen(asked.wanted):
            for line in list(csv_lines([(each.sequence, each.seal, each.transaction)]))[1:]:
                yield line + "\r\n"

    name = "-".join(filter(None, (asked.lot.slug, "ledger", *asked.given.values())))
    return Stream(lines(), media_type="text/csv", headers=_saved_as(f"{name}.csv"))


async def _chosen(wanted: PostedFilter) -> AsyncIterator[Posted]:
    """A page at a time, so that a day of a long ledger costs no more than a day."""
    last: Posted | None = None
    while found := await list_first(wanted, last, PAGE):
        for each in found:
            yield each
        last = found[-1]


@get("/ledger.beancount")
async def show_beancount(request: AnyRequest) -> Stream:
    """A lot's whole ledger for Beancount. Raises InvalidInputError when it is too long for that."""
    asked = await _file(request)
    number, _ = await ledger_rows.get_head(asked.lot.id)
    if number > BEANCOUNT_MAX:
        raise InvalidInputError(
            f"This ledger has more than {BEANCOUNT_MAX:,} transactions. "
            f"Write it with: parkhub ledger export {asked.lot.slug} --format beancount"
        )
    posted = [(each.sequence, each.seal, each.transaction) async for each in ledger.chain(asked.lot.id)]

    def lines() -> Iterator[str]:
        return (line + "\n" for line in beancount_lines(asked.lot.slug, posted))

    return Stream(lines, media_type="text/plain", headers=_saved_as(f"{asked.lot.slug}.beancount"))


async def _file(request: AnyRequest) -> Asked:
    asked = await read_asked(request)
    if asked is None:
        raise NotFoundError("There is no ledger for you.")
    if asked.wrong:
        raise InvalidInputError(asked.wrong)
    return asked


def _saved_as(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


routes = [
    Router(
        "/console/money",
        route_handlers=[show_csv, show_beancount],
        guards=[needs(Right.MONEY)],
        include_in_schema=False,
    )
]
