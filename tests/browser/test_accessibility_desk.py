"""axe on the pages of the desk that `test_accessibility` leaves, in a file of its own so that both run side by side."""

from typing import Any

import pytest
from axe import PHONE, wrong_on
from shown_pages import furnish, sign_in

from parkhub.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]


async def test_no_page_of_the_desk_keeps_anybody_out(browse: Any, web_settings: Settings) -> None:
    _, staff = await furnish(web_settings)
    page = await (await browse(viewport=PHONE, reduced_motion="reduce")).new_page()
    await sign_in(page)
    assert await wrong_on(page, list(staff.values())[len(staff) // 3 :]) == []
