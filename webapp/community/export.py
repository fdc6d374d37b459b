"""All that the site knows about somebody, in files that people and programs can read."""

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.db.models import QuerySet

from webapp.community.models import Comment, Discovery, Favourite, Notification, Profile
from webapp.volunteers.models import Classification, Volunteer

IN_MEMORY = 2**20
CHUNK = 2000
PEOPLE = ("volunteer", "author", "removed_by")

README = """What this site keeps about you.

profile.json          your account and profile
classifications.csv   your answers, those that you took back too (withdrawn_at)
favourites.csv        the subjects that you gave a heart
collections.json      your collections, and what is in them
discoveries.csv       what scientists confirmed after you had said yes
comments.csv          what you wrote in Talk, what was removed too (removed_at, removed_because)
notifications.csv     what you were told
Times are UTC.
"""


def export(volunteer: Volunteer) -> IO[bytes]:
    """Return a ZIP file, read from its beginning. Rows are read and written one by one, so its size does not matter."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        archive.writestr("profile.json", _json(_profile(volunteer)))
        _table(
            archive, "classifications.csv", Classification.objects.filter(volunteer=volunteer).order_by("created_at")
        )
        _table(archive, "favourites.csv", Favourite.objects.filter(volunteer=volunteer).order_by("pk"))
        archive.writestr("collections.json", _json(_collections(volunteer)))
        _table(archive, "discoveries.csv", Discovery.objects.filter(volunteer=volunteer))
        _table(archive, "comments.csv", Comment.objects.filter(author=volunteer))
        _table(archive, "notifications.csv", Notification.objects.filter(volunteer=volunteer))
    file.seek(0)
    return file


def _profile(volunteer: Volunteer) -> dict[str, Any]:
    told: dict[str, Any] = {"volunteer_since": volunteer.created_at}
    user = volunteer.user
    if user is not None:
        told |= {"user_name": user.get_username(), "email": user.email, "joined": user.date_joined}
        told |= Profile.objects.filter(user=user).values("display_name", "credit", "language").first() or {}
    return told


def _collections(volunteer: Volunteer) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "description": each.description,
            "is_public": each.is_public,
            "created_at": each.created_at,
            "subjects": list(each.subjects.values("id", "survey__slug", "external_id")),
        }
        for each in volunteer.collections.prefetch_related("subjects")
    ]


def _table(archive: ZipFile, name: str, rows: QuerySet[Any]) -> None:
    """Write the rows with all their columns but those of people, and with the names that people know things by."""
    columns = [field.attname for field in rows.model._meta.concrete_fields if field.name not in PEOPLE]
    known = [f"{field.name}__slug" for field in rows.model._meta.concrete_fields if field.name == "workflow"]
    columns += ["subject__survey__slug", "subject__external_id", *known]
    with archive.open(name, "w") as member, io.TextIOWrapper(member, "utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow([column.replace("__", "_") for column in columns])
        writer.writerows(_plain(rows.values_list(*columns).iterator(CHUNK)))


def _plain(rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    """Write moments as ISO 8601 and nested values as JSON."""
    for row in rows:
        yield [
            value.isoformat() if hasattr(value, "isoformat")
            else json.dumps(value) if isinstance(value, (dict, list))
            else value
            for value in row
        ]  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
