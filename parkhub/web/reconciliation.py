"""The console's reconciliation: the payment provider's account beside the ledgers of all lots."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from litestar import Router, get
from litestar.response import Template

from parkhub.domain.rights import Right
from parkhub.errors import InvalidInputError, ParkHubError
from parkhub.languages import ENGLISH
from parkhub.services import reconciliation
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

DAYS: Final = 10
DAYS_MAX: Final = 92


@get("/console/money/reconciliation")
async def show_reconciliation(request: AnyRequest, clients: GivenClients) -> Template:
    """What the provider's account and the ledgers of all lots do not agree on, once a day to begin with is chosen."""
    now = datetime.now(UTC)
    since, wrong, found = request.query_params.get("since", ""), "", None
    first = now.date() - timedelta(days=DAYS_MAX)
    if since:
        try:
            day = date.fromisoformat(since)
            if not first <= day <= now.date():
                raise InvalidInputError(f"Choose a day of the last {DAYS_MAX}.")
            found = await reconciliation.differences(clients.payments, datetime.combine(day, time(), UTC), now)
        except ValueError:
            wrong = "Write days as 2026-11-16."
        except ParkHubError as error:
            wrong = str(error)
    return page(
        request,
        "ledger/reconciliation.html",
        status_code=422 if wrong else 200,
        found=found,
        since=since or (now.date() - timedelta(days=DAYS)).isoformat(),
        first=first,
        today=now.date(),
        wrong=wrong,
        provider=clients.payments.name,
        money=ENGLISH.money,
    )


routes = [
    Router(
        "/",
        route_handlers=[show_reconciliation],
        guards=[needs(Right.MONEY, everywhere=True)],
        include_in_schema=False,
    )
]
