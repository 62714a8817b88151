"""People and programs that ask the web application."""

import re
from typing import Any

import httpx
from litestar import Litestar

PASSWORD = "correct horse battery"
EMAIL = "kim@example.org"


class Visitor(httpx.AsyncClient):
    """A browser without JavaScript: keeps cookies, sends forms with the token of the page they stand on."""

    async def send_form(self, page: str, action: str = "", /, **fields: Any) -> httpx.Response:
        """Open a page and send a form of it, to ``action`` or to the page itself."""
        shown = await self.get(page)
        return await self.post(action or page, data={"_csrf_token": token_of(shown), **fields})

    async def send_files(self, action: str, /, files: dict[str, Any], **fields: Any) -> httpx.Response:
        """Send a multipart form, as a browser does that stands on a page of this site."""
        return await self.post(action, data=fields, files=files, headers={"origin": str(self.base_url).rstrip("/")})


class Desk:
    """A signed-in program that speaks JSON."""

    def __init__(self, visitor: Visitor, token: str) -> None:
        self._visitor, self._headers = visitor, {"x-csrftoken": token, "accept": "application/json"}

    async def ask(self, method: str, path: str, data: Any = None, **params: Any) -> httpx.Response:
        """Ask the JSON interface for a path below ``/api/v1``."""
        return await self._visitor.request(
            method, f"/api/v1{path}", json=data, params=params or None, headers=self._headers
        )

    async def get(self, path: str, **params: Any) -> Any:
        """What stands there."""
        answer = await self.ask("GET", path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()


def token_of(page: httpx.Response) -> str:
    """The token in the page's first form."""
    found = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', page.text)
    assert found is not None, f"no form on {page.url}: {page.text[:200]}"
    return found[1]


def visit(app: Litestar, **given: Any) -> Visitor:
    """Somebody new."""
    usual: dict[str, Any] = {"base_url": "http://parkhub.test", "headers": {"accept": "text/html,*/*;q=0.8"}}
    return Visitor(transport=httpx.ASGITransport(app), **{**usual, **given})
