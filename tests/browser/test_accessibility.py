"""axe on every page of drivers, and on a third of the desk's; `test_accessibility_desk` has the others."""

from typing import Any

import pytest
from axe import PHONE, wrong_on
from shown_pages import furnish, sign_in

from parkhub.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]


async def test_no_page_keeps_anybody_out(browse: Any, web_settings: Settings) -> None:
    public, staff = await furnish(web_settings)
    page = await (await browse(viewport=PHONE, reduced_motion="reduce")).new_page()
    wrong = await wrong_on(page, public.values())
    await sign_in(page)
    wrong += await wrong_on(page, list(staff.values())[: len(staff) // 3])
    assert wrong == []
