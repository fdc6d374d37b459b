"""Rate limits by address or account, with windows that cost the same at any rate."""

import time
from typing import Any

from rest_framework.throttling import SimpleRateThrottle


class Windows(SimpleRateThrottle):
    """A sliding-window counter: estimates the rate from this window's count and part of the last one's.

    DRF's own throttle keeps a timestamp of every request and copies all of them each time, which is slow for a busy
    account. The estimate is exact for an even stream of requests.
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
        window, passed = divmod(time.time(), length)
        now, before = f"{key}-{window:.0f}", f"{key}-{window - 1:.0f}"
        counts = self.cache.get_many([now, before])
        self.left = length - passed
        if counts.get(now, 0) + counts.get(before, 0) * self.left / length >= (self.num_requests or 0):
            return False
        if not self.cache.add(now, 1, 2 * length):
            self.cache.incr(now)
        return True

    def wait(self) -> float:
        """Return the seconds until a request is allowed again."""
        return self.left + (self.duration or 0) / (self.num_requests or 1)


class ByAddress(Windows):
    """Rate limit by address, for any sender."""

    def get_cache_key(self, request: Any, view: Any) -> str:
        """Return the key of the address."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
