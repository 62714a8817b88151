"""Which language a visitor reads: as chosen on the page, else as the browser asks."""

from typing import Annotated, Final

import msgspec
from litestar import post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from parkhub.languages import NAMES, Language, language, negotiate
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenSettings
from parkhub.web.guards import local_path
from parkhub.web.templating import AnyRequest

COOKIE: Final = "language"
KEPT_S: Final = 365 * 24 * 3600
VARIES: Final = {"vary": "accept-language, cookie"}


class LanguageForm(msgspec.Struct):
    """A language's code, and the page to go back to."""

    code: str = ""
    next: str = "/"


def spoken(request: AnyRequest) -> Language:
    """The language of this visitor."""
    chosen = request.cookies.get(COOKIE, "")
    return language(chosen if chosen in NAMES else negotiate(request.headers.get("accept-language", "")))


@post("/language", opt=NO_CSRF, include_in_schema=False)
async def choose_language(
    data: Annotated[LanguageForm, Body(media_type=RequestEncodingType.URL_ENCODED)], settings: GivenSettings
) -> Redirect:
    """Keep a choice of language in a cookie. Whoever sends this from elsewhere changes words only."""
    answer = Redirect(local_path(data.next, "/"), status_code=303)
    if data.code in NAMES:
        answer.set_cookie(
            Cookie(
                key=COOKIE,
                value=data.code,
                path="/",
                max_age=KEPT_S,
                httponly=True,
                samesite="lax",
                secure=settings.secure_cookies,
            )
        )
    return answer


routes = [choose_language]
