"""The web application, put together in one place."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.types import ControllerRouterHandler

from parkhub import __version__
from parkhub.clients import Clients, close_clients, open_clients
from parkhub.db.engine import close_database, open_database
from parkhub.domain.rights import Right
from parkhub.logs import set_up_logs
from parkhub.secret_key import secret_key
from parkhub.settings import Settings, load_settings
from parkhub.web import (
    accounts,
    api,
    api_keys,
    assets,
    audit,
    audit_api,
    barrier_commands,
    barrier_exit,
    barrier_setup,
    barriers,
    barriers_api,
    better_views,
    booking_changes,
    booking_desk,
    booking_pages,
    booking_refunds,
    booking_rules,
    bookings,
    bookings_api,
    camera_care,
    camera_files,
    cameras,
    checkouts,
    console,
    counts,
    credit_notes,
    discount_codes,
    discount_codes_api,
    displays,
    driver_account,
    driver_settings,
    driver_sign_in,
    drivers_api,
    drives,
    edge_api,
    enforcement,
    factor_roles,
    folders,
    guide,
    health,
    jobs,
    labelled_sets,
    ledger,
    ledger_files,
    lot_plans,
    lot_rules_api,
    lot_setup,
    lots,
    lots_api,
    node_pages,
    node_settings,
    nodes_api,
    overview,
    own_account,
    passages,
    passages_api,
    patrol,
    pay,
    pay_ahead,
    payments_api,
    people,
    permit_page,
    permit_tables,
    permits,
    permits_api,
    picture_uploads,
    plate_lists,
    provider_payments_api,
    receipt_book,
    receipts,
    reconciliation,
    recordings,
    reports,
    reviews,
    reviews_api,
    sandbox,
    sandbox_cards,
    saved_cards,
    session_page,
    session_posts,
    sessions,
    sessions_api,
    speech,
    spot_asks,
    spot_heads,
    spot_states,
    spots,
    stays,
    stream,
    styleguide,
    system,
    tariffs,
    tariffs_api,
    troubles,
    uploads,
    webhooks,
)
from parkhub.web.csrf import CsrfGuard, csrf_config
from parkhub.web.drivers import provide_driver
from parkhub.web.errors import exception_handlers
from parkhub.web.guards import needs, possible
from parkhub.web.headers import security_headers
from parkhub.web.stream import open_streams
from parkhub.web.templating import template_config

ROUTES: list[ControllerRouterHandler] = [
    *assets.routes,
    *health.routes,
    *lots.routes,
    *stream.routes,
    *speech.routes,
    *pay.routes,
    *pay_ahead.routes,
    *stays.routes,
    *checkouts.routes,
    *receipts.routes,
    *credit_notes.routes,
    *receipt_book.routes,
    *booking_pages.routes,
    *bookings.routes,
    *booking_changes.routes,
    *booking_desk.routes,
    *booking_refunds.routes,
    *booking_rules.routes,
    *driver_sign_in.routes,
    *driver_account.routes,
    *driver_settings.routes,
    *api.routes,
    *lots_api.routes,
    *uploads.routes,
    *barrier_commands.routes,
    *nodes_api.routes,
    *edge_api.routes,
    *node_pages.routes,
    *node_settings.routes,
    *barrier_exit.routes,
    *barrier_setup.routes,
    *barriers.routes,
    *barriers_api.routes,
    *accounts.routes,
    *people.routes,
    *factor_roles.routes,
    *api_keys.routes,
    *own_account.routes,
    *console.routes,
    *overview.routes,
    *lot_setup.routes,
    *guide.routes,
    *displays.routes,
    *drives.routes,
    *cameras.routes,
    *camera_care.routes,
    *camera_files.routes,
    *spots.routes,
    *spot_states.routes,
    *spot_heads.routes,
    *labelled_sets.routes,
    *spot_asks.routes,
    *lot_plans.routes,
    *better_views.routes,
    *troubles.routes,
    *counts.routes,
    *recordings.routes,
    *reports.routes,
    *ledger.routes,
    *ledger_files.routes,
    *reconciliation.routes,
    *sessions.routes,
    *session_page.routes,
    *session_posts.routes,
    *passages.routes,
    *sessions_api.routes,
    *payments_api.routes,
    *reviews.routes,
    *reviews_api.routes,
    *passages_api.routes,
    *tariffs.routes,
    *tariffs_api.routes,
    *discount_codes.routes,
    *discount_codes_api.routes,
    *lot_rules_api.routes,
    *audit_api.routes,
    *enforcement.routes,
    *patrol.routes,
    *permits.routes,
    *permit_page.routes,
    *permit_tables.routes,
    *plate_lists.routes,
    *permits_api.routes,
    *drivers_api.routes,
    *bookings_api.routes,
    *webhooks.routes,
    *provider_payments_api.routes,
    *sandbox.routes,
    *sandbox_cards.routes,
    *saved_cards.routes,
    *styleguide.routes,
    *system.routes,
    *jobs.routes,
    *picture_uploads.routes,
    *folders.routes,
    *audit.routes,
]


def create_app(settings: Settings | None = None) -> Litestar:
    """Build the application. Without ``settings`` it is a process of its own: it reads them and sets up its logs."""
    own_process = settings is None
    if settings is None:
        settings = load_settings()
        set_up_logs(settings)
    given = settings

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        await open_database(app.state.settings)
        clients = await open_clients(app.state.settings)
        app.state.clients = clients
        app.state.lot_pages = lots.LotPages()
        try:
            async with open_streams(clients.live) as streams:
                app.state.streams = streams
                yield
        finally:
            await close_clients(clients)
            await close_database()

    async def provide_clients() -> Clients:
        found: Clients = app.state.clients
        return found

    async def provide_settings() -> Settings:
        found: Settings = app.state.settings
        return found

    app = Litestar(
        ROUTES,
        lifespan=[lifespan],
        guards=[possible],
        dependencies={
            "clients": Provide(provide_clients),
            "settings": Provide(provide_settings),
            "driver": Provide(provide_driver),
        },
        middleware=[DefineMiddleware(CsrfGuard, config=csrf_config(secret_key(given), secure=given.secure_cookies))],
        exception_handlers=exception_handlers,
        before_send=[security_headers(secure=given.secure_cookies, paid_at=given.checkout_origins)],
        template_config=template_config(),
        openapi_config=OpenAPIConfig(
            title="ParkHub",
            version=__version__,
            openapi_router=Router("/schema", route_handlers=[], guards=[needs(Right.READ)]),
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
        ),
        logging_config=None,
    )
    app.state.settings = given
    if own_process:  # all of this stays for good: looking through it for garbage held up requests for 150 ms
        gc.collect()
        gc.freeze()
    return app
