"""HTML pages: the one Jinja environment, its filters, and `page`, which every handler answers with."""

import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template import TemplateConfig
from litestar.utils.scope.state import ScopeState
from markupsafe import Markup

from parkhub import __version__
from parkhub.domain.accounts import Account
from parkhub.domain.hosts import leads_here
from parkhub.languages import ENGLISH, NAMES
from parkhub.web.assets import FRONTEND, asset

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 86400

AnyRequest = Request[Any, Any, Any]


def span(seconds: float) -> str:
    """A length of time in words: 40 s, 4 min, 2 h, 3 days."""
    if seconds < MINUTE_S:
        return f"{max(0, int(seconds))} s"
    if seconds < HOUR_S:
        return f"{int(seconds // MINUTE_S)} min"
    if seconds < DAY_S:
        return f"{int(seconds // HOUR_S)} h"
    days = int(seconds // DAY_S)
    return f"{days} day{'s' if days > 1 else ''}"


def ago(moment: datetime, now: datetime) -> str:
    """How long before ``now`` a moment was: "just now", "12 s ago"."""
    seconds = (now - moment).total_seconds()
    return "just now" if seconds < 1 else f"{span(seconds)} ago"


def local(moment: datetime, time_zone: str, form: str = "%H:%M:%S") -> str:
    """A moment by the lot's clock."""
    return moment.astimezone(zoneinfo.ZoneInfo(time_zone)).strftime(form)


def count(number: int, one: str, many: str) -> str:
    """A number with the word that fits it."""
    return f"{number} {one if number == 1 else many}"


def attributes(given: Mapping[str, object]) -> Markup:
    """An element's attributes: of what is true the name alone, of what is false or none nothing."""
    found = (
        Markup(" {}").format(name) if value is True else Markup(' {}="{}"').format(name, value)
        for name, value in given.items()
        if value is not None and value is not False
    )
    return Markup("").join(found)


@pass_context
def _gettext(context: Context, message: str) -> str:
    found: str = context["language"].gettext(message)
    return found


@pass_context
def _ngettext(context: Context, one: str, many: str, number: int) -> str:
    """The text alone: Jinja puts the values in, and makes them safe."""
    found: str = context["language"].plural(one, many, number)
    return found


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FRONTEND / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(ago=ago, attributes=attributes, local=local, span=span)
    environment.tests.update(leading_here=leads_here)
    environment.globals.update(asset=asset, count=count, languages=NAMES, version=__version__)
    return environment


ENVIRONMENT: Final = _make_environment()
"""All templates. They fail on an unknown name instead of showing nothing."""


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    """The same for Litestar."""
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(ENVIRONMENT))


def csrf_token(request: AnyRequest) -> str:
    """The token for this request's forms; empty on pages that take none."""
    token = ScopeState.from_scope(request.scope).csrf_token
    return token if isinstance(token, str) else ""


def signed_in_account(request: AnyRequest) -> Account | None:
    """Who is signed in, on pages behind the guard; None elsewhere."""
    account = request.scope.get("user")
    return account if isinstance(account, Account) else None


def page(request: AnyRequest, name: str, /, *, status_code: int = 200, **context: Any) -> Template:
    """Answer with a template, which also gets `account`, `csrf_field`, `csrf_token`, `language`, `path` and `now`.

    `now` is in UTC; `language` is English unless it is given.
    """
    return Template(name, context=_given(request) | context, status_code=status_code, media_type="text/html")


def render(request: AnyRequest, name: str, /, **context: Any) -> str:
    """The same as text, for answers that are kept."""
    return ENVIRONMENT.get_template(name).render(_given(request) | context)


def _given(request: AnyRequest) -> dict[str, Any]:
    token = csrf_token(request)
    return {
        "account": signed_in_account(request),
        "csrf_field": Markup('<input type="hidden" name="_csrf_token" value="{}">').format(token),
        "csrf_token": token,
        "language": ENGLISH,
        "path": request.url.path,
        "now": datetime.now(UTC),
    }
