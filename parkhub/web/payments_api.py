"""The money of sessions for programs: the JSON interface, for signed-in staff."""

from datetime import UTC, datetime

import msgspec
from litestar import Router, post
from litestar.params import FromPath, JSONBody

from parkhub.domain.rights import Right
from parkhub.services import desk_payments, discount_codes, payments
from parkhub.services.desk_payments import Tender
from parkhub.web.dependencies import GivenSettings
from parkhub.web.guards import needs
from parkhub.web.session_forms import BillItem, bill_item, staff_uid
from parkhub.web.templating import AnyRequest


class PaymentForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cash or a card terminal's payment, minor units. ``uid``: made by whoever asks; the same again changes nothing.

    ``confirm_over``: yes, it is far more than is due. Without it such a payment is refused with 409.
    """

    amount_cents: int
    uid: str
    confirm_over: bool = False


class ForgoForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A waiver or a refund, minor units; null is all of it."""

    reason: str
    uid: str
    amount_cents: int | None = None


class CodeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A discount code."""

    code: str


@post("/sessions/{session_id:int}/payments", tags=["Money"])
async def take_payment(
    request: AnyRequest, settings: GivenSettings, session_id: FromPath[int], data: JSONBody[PaymentForm]
) -> BillItem:
    """Money taken by staff; its receipt stands on the session's page."""
    bill, _ = await desk_payments.take(
        settings,
        session_id,
        data.amount_cents,
        Tender.CASH,
        staff_uid(data.uid),
        datetime.now(UTC),
        request.user.id,
        confirmed=data.confirm_over,
    )
    return bill_item(bill)


@post("/sessions/{session_id:int}/waivers", tags=["Money"], guards=[needs(Right.REFUND)])
async def waive(request: AnyRequest, session_id: FromPath[int], data: JSONBody[ForgoForm]) -> BillItem:
    """Forgo what is owed, or a part of it."""
    now = datetime.now(UTC)
    bill = await payments.waive(session_id, data.amount_cents, data.reason, staff_uid(data.uid), request.user.id, now)
    return bill_item(bill)


@post("/sessions/{session_id:int}/refunds", tags=["Money"], guards=[needs(Right.REFUND)])
async def refund(request: AnyRequest, session_id: FromPath[int], data: JSONBody[ForgoForm]) -> BillItem:
    """Give back, in cash, what was paid, or a part of it."""
    now, uid = datetime.now(UTC), staff_uid(data.uid)
    bill = await desk_payments.give_back(session_id, data.amount_cents, data.reason, uid, request.user.id, now)
    return bill_item(bill)


@post("/sessions/{session_id:int}/codes", tags=["Money"])
async def give_code(request: AnyRequest, session_id: FromPath[int], data: JSONBody[CodeForm]) -> BillItem:
    """Use a discount code."""
    return bill_item(await discount_codes.give_code(session_id, data.code, request.user.id, datetime.now(UTC)))


routes = [Router("/api/v1", route_handlers=[take_payment, waive, refund, give_code], guards=[needs(Right.RUN)])]
