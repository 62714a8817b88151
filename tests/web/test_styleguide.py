"""The page of all components."""

import pytest
from apps import running
from jinja2 import nodes
from jinja2.runtime import Macro
from visitors import Visitor, visit

from parkhub.settings import Settings
from parkhub.web.templating import ENVIRONMENT

PAGE = "styleguide/index.html"


async def test_visitors_of_an_installation_find_no_styleguide(visitor: Visitor) -> None:
    assert (await visitor.get("/styleguide")).status_code == 404


@pytest.mark.parametrize("theme", ["", "light", "dark"])
async def test_who_builds_pages_sees_all_components(web_settings: Settings, theme: str) -> None:
    async with running(web_settings.model_copy(update={"development": True})) as app, visit(app) as visitor:
        answer = await visitor.get("/styleguide", params={"theme": theme})
        assert answer.status_code == 200
        assert ('<html lang="en" data-theme="' + theme in answer.text) == bool(theme)


def test_every_component_is_on_it() -> None:
    components = vars(ENVIRONMENT.get_template("_components.html").module)
    macros = {name for name, found in components.items() if isinstance(found, Macro)}
    assert len(macros) > 30
    source, _, _ = ENVIRONMENT.loader.get_source(ENVIRONMENT, PAGE)  # type: ignore[union-attr]
    called = [call.node for call in ENVIRONMENT.parse(source).find_all(nodes.Call)]
    used = {node.attr for node in called if isinstance(node, nodes.Getattr)}
    assert macros - used == set()
