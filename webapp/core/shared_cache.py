"""The site's cache: in each process's memory, except what all processes must count together; or in Redis, signed."""

import hmac
import logging
from typing import Any

from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient, RedisSerializer
from django.core.signing import BadSignature
from django.utils.crypto import salted_hmac

log = logging.getLogger(__name__)

SHARED = "allauth"
"""Keys that begin so are in the database: counts of failed sign-ins and the like, and codes that were used."""


class MemoryAndDatabase(LocMemCache):
    """Memory, and the table `core_cache` for keys of `SHARED`: few, but each process must see them."""

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__(name, params)
        self._database = DatabaseCache("core_cache", params)

    def add(self, key: str, *args: Any, **options: Any) -> bool:
        if key.startswith(SHARED):
            return self._database.add(key, *args, **options)
        return super().add(key, *args, **options)

    def get(self, key: str, *args: Any, **options: Any) -> Any:
        if key.startswith(SHARED):
            return self._database.get(key, *args, **options)
        return super().get(key, *args, **options)

    def set(self, key: str, *args: Any, **options: Any) -> None:
        if key.startswith(SHARED):
            self._database.set(key, *args, **options)
        else:
            super().set(key, *args, **options)

    def delete(self, key: str, *args: Any, **options: Any) -> bool:
        if key.startswith(SHARED):
            return self._database.delete(key, *args, **options)
        return super().delete(key, *args, **options)


class SignedRedis(RedisCache):
    """Redis whose values are signed with SECRET_KEY: to read one is to unpickle it, so nobody else may write any."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _SignedClient


class _SignedClient(RedisCacheClient):
    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, serializer=SignedSerializer(), **options)

    def get(self, key: Any, default: Any) -> Any:
        """Return the value; the default also if it was not written with this SECRET_KEY."""
        try:
            return super().get(key, default)
        except BadSignature:
            log.warning("The cache has a value with a wrong signature, which is not read: %s", key)
            return default


class SignedSerializer(RedisSerializer):
    """A signature (HMAC-SHA256), then the pickle; integers are bare, since Redis counts with them.

    Raises BadSignature for what was signed with another key, or not at all.
    """

    size = 32

    def dumps(self, obj: Any) -> Any:
        data = super().dumps(obj)
        return data if isinstance(data, int) else self._signature(data) + data

    def loads(self, data: Any) -> Any:
        signature, pickled = data[: self.size], data[self.size :]
        if hmac.compare_digest(signature, self._signature(pickled)):
            return super().loads(pickled)
        try:
            return int(data)
        except ValueError:
            raise BadSignature from None

    def _signature(self, data: bytes) -> bytes:
        return salted_hmac("webapp.core.shared_cache", data, algorithm="sha256").digest()
