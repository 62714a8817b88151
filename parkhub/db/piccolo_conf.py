"""What Piccolo's own commands need: `PICCOLO_CONF=parkhub.db.piccolo_conf piccolo migrations new parkhub --auto …`."""

from functools import cache
from typing import Any

from piccolo.conf.apps import AppRegistry

from parkhub.db.engine import Engine, bind_tables, current_engine, make_engine
from parkhub.settings import load_settings

APP_REGISTRY = AppRegistry(apps=["parkhub.db.piccolo_app"])


@cache
def _engine_of_the_settings() -> Engine:
    engine = make_engine(load_settings())
    bind_tables(engine)
    return engine


def __getattr__(name: str) -> Any:
    """`DB`: the engine this process has open, else one made from the settings."""
    if name == "DB":
        return current_engine() or _engine_of_the_settings()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
