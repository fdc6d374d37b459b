"""Rate limits by address or account, counted together by all processes, with windows that cost the same at any rate."""

import hashlib
import time
from typing import Any

from allauth.core.internal.ratelimit import truncate_ip
from django.core.cache.backends.locmem import LocMemCache
from django.db.models.functions import Now
from rest_framework.throttling import SimpleRateThrottle

from webapp.core.models import RateCount
from webapp.core.sql import fetch

PORTIONS = 100
"""A process takes a hundredth of a limit at a time, so that a busy account asks the database only now and then."""

# Without a row in return, the rate is used up. A row of an older window counts as the last one's, or as nothing.
TAKE = """
    INSERT INTO core_ratecount AS row (key, number, taken, taken_before, ends_at)
    VALUES (%(key)s, %(number)s, %(portion)s, 0, to_timestamp(%(ends)s))
    ON CONFLICT (key) DO UPDATE SET
        taken = excluded.taken + CASE WHEN row.number = excluded.number THEN row.taken ELSE 0 END,
        taken_before = CASE row.number WHEN excluded.number THEN row.taken_before
            WHEN excluded.number - 1 THEN row.taken ELSE 0 END,
        number = excluded.number, ends_at = excluded.ends_at
    WHERE %(limit)s > CASE row.number WHEN excluded.number THEN row.taken + row.taken_before * %(fraction)s
        WHEN excluded.number - 1 THEN row.taken * %(fraction)s ELSE 0 END
    RETURNING taken
"""


class Windows(SimpleRateThrottle):
    """A sliding-window counter: estimates the rate from this window's count and part of the last one's.

    DRF's own throttle keeps a timestamp of every request and copies all of them each time, which is slow for a busy
    account. The estimate is exact for an even stream of requests. What a process has taken and does not need is lost
    with the window, so that several processes never allow more than the rate, and at most a hundredth each less.
    """

    num_requests: int | None
    duration: int | None
    left = 0.0

    def allow_request(self, request: Any, view: Any) -> bool:
        """Return whether the rate allows this request, and count it if so."""
        key = self.get_cache_key(request, view) if self.rate is not None else None
        if key is None:
            return True
        length = self.duration or 1
        number, passed = divmod(time.time(), length)
        self.left = length - passed
        return _has_left(f"{key}-{number:.0f}") or self._take(key, int(number), length)

    def get_ident(self, request: Any) -> str:
        """Return the address; of IPv6, the network that one household or host has, as sign-in counts it."""
        return truncate_ip(super().get_ident(request) or "")

    def wait(self) -> float:
        """Return the seconds until a request is allowed again."""
        return self.left + (self.duration or 0) / (self.num_requests or 1)

    def _take(self, key: str, number: int, length: int) -> bool:
        """Take a portion of the rate from the database for this process; return whether there was any left."""
        limit = self.num_requests or 0
        used_up = f"{key}-{number}-used-up"
        if not limit or used_up in _portions:
            return False
        portion = max(1, limit // PORTIONS)
        asked = {"key": hashlib.sha256(key.encode(errors="replace")).hexdigest(), "number": number, "portion": portion}
        asked |= {"limit": limit, "fraction": self.left / length, "ends": (number + 2) * length}
        if not fetch(TAKE, asked):
            _portions.set(used_up, True, min(ASK_AGAIN, length / limit))
            return False
        _portions.set(f"{key}-{number}", portion - 1, length)
        return True


_portions = LocMemCache("portions", {"OPTIONS": {"MAX_ENTRIES": 100_000}})
ASK_AGAIN = 1.0
"""Seconds until a process asks the database again about a used-up rate, so that a flood costs few queries."""


def _has_left(key: str) -> bool:
    try:
        return _portions.decr(key) >= 0
    except ValueError:
        return False


def forget_ended_rates() -> None:
    """Delete the counts of windows that no longer matter."""
    RateCount.objects.filter(ends_at__lt=Now()).delete()


class ByAddress(Windows):
    """Rate limit by address, for any sender."""

    def get_cache_key(self, request: Any, view: Any) -> str:
        """Return the key of the address."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
