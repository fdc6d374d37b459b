"""Pseudonyms of volunteers in exported files: the same in every export, with no way back to the person.

They are keyed with the site's secret (SECRET_KEY), so they last as long as it does, and nobody without it can tell
from a pseudonym whose it is, not even by trying all user names.
"""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.utils.crypto import salted_hmac

SALT = "webapp.volunteers.pseudonyms"
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """Who answered, in Panoptes' three columns; `user_id` is None for a visitor, as it is there."""

    user_name: str
    user_id: int | None
    user_ip: str


@lru_cache(REMEMBERED)
def pseudonym(key: UUID, has_account: bool) -> Pseudonym:
    """Return the pseudonym of the volunteer with this key. This site keeps no addresses: `user_ip` stands for one."""
    digest = salted_hmac(SALT, key.hex, algorithm="sha256").digest()
    address = digest[16:26].hex()
    if not has_account:
        return Pseudonym(f"not-logged-in-{address}", None, address)
    return Pseudonym(f"volunteer-{digest[:8].hex()}", int.from_bytes(digest[8:14], "big"), address)
