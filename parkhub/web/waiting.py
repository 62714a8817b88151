"""Pages for who has tried too often: how long to wait."""

from litestar.response import Template

from parkhub.errors import TooOftenError

_UNKNOWN_S = 60


def wait_minutes(error: TooOftenError) -> int:
    """How long to wait, in whole minutes that have been begun."""
    return -(-(error.retry_after_s or _UNKNOWN_S) // 60)


def after_wait(answer: Template, error: TooOftenError) -> Template:
    """The page, which tells programs the same in `Retry-After`."""
    answer.headers["retry-after"] = str(error.retry_after_s)
    return answer
