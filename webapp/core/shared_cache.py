"""The cache of a site without Redis: in each process's memory, except what all processes must count together."""

from typing import Any

from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.locmem import LocMemCache

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
