"""Letters in words: `frontend/templates/mail/<name>.txt`, whose first line is the subject, and the same as `.html`.

Templates get the values they are written with, `language`, and filters for those that are an instant (as ISO text), a
sum of money or minutes: ``{{ leave_by | clock(zone) }}``, ``{{ cents | money("EUR") }}``, ``{{ minutes | duration }}``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from parkhub.languages import Language, language

TEMPLATES: Final = Path(__file__).resolve().parents[1] / "frontend" / "templates"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it is sent. ``key`` stays the same however often it is; ``html`` "" where there is only text."""

    key: str
    to: str = field(repr=False)
    language: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()


def put_in_words(key: str, to: str, code: str, name: str, values: Mapping[str, object]) -> Letter:
    """The letter in a language. Raises what Jinja raises for a template or a value that is not there."""
    given = {**values, "language": language(code)}
    subject, _, text = _environment().get_template(f"mail/{name}.txt").render(given).partition("\n")
    html = f"mail/{name}.html"
    has_html = (TEMPLATES / html).is_file()
    return Letter(
        key=key,
        to=to,
        language=language(code).code,
        subject=" ".join(subject.split()),
        text=text.strip() + "\n",
        html=_environment().get_template(html).render(given) if has_html else "",
    )


def _words(context: Context) -> Language:
    found: Language = context["language"]
    return found


@pass_context
def _gettext(context: Context, message: str) -> str:
    return _words(context).gettext(message)


@pass_context
def _ngettext(context: Context, one: str, many: str, number: int) -> str:
    return _words(context).plural(one, many, number)


@pass_context
def _clock(context: Context, moment: str, zone: str) -> str:
    return _words(context).clock(datetime.fromisoformat(moment), ZoneInfo(zone))


@pass_context
def _full_day(context: Context, moment: str, zone: str) -> str:
    return _words(context).full_day(datetime.fromisoformat(moment), ZoneInfo(zone))


@pass_context
def _moment(context: Context, moment: str, zone: str) -> str:
    words, at = _words(context), datetime.fromisoformat(moment)
    day, clock = words.full_day(at, ZoneInfo(zone)), words.clock(at, ZoneInfo(zone))
    return words.gettext("%(day)s, %(clock)s", day=day, clock=clock)


@pass_context
def _money(context: Context, cents: int, currency: str) -> str:
    return _words(context).money(cents, currency)


@pass_context
def _duration(context: Context, minutes: int) -> str:
    return _words(context).duration(minutes)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    found.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    found.filters.update(
        clock=_clock, full_day=_full_day, moment=_moment, money=_money, duration=_duration
    )  # fmt: skip
    return found
