"""The page of all components, for those who build pages; there in development only."""

from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery
from litestar.response import Template

from parkhub.settings import Settings
from parkhub.web.csrf import NO_CSRF
from parkhub.web.templating import AnyRequest, page


@get("/styleguide", opt=NO_CSRF, include_in_schema=False)
async def show_styleguide(
    request: AnyRequest, settings: NamedDependency[Settings], theme: FromQuery[Literal["", "light", "dark"]] = ""
) -> Template:
    """Every macro of `_components.html` in every state, in the system's colours or in those that ``theme`` names."""
    if not settings.development:
        raise NotFoundException
    return page(request, "styleguide/index.html", theme=theme)


routes = [show_styleguide]
