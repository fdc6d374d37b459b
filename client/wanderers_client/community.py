"""What people do together: Talk, collections, groups, and appeals."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from wanderers_client.connection import Part


class Talk(Part):
    """Boards, threads and comments; those that write return the comment."""

    def boards(self, survey: str) -> pd.DataFrame:
        return self._site.table("talk/boards", survey=survey)

    def threads(self, board: int) -> pd.DataFrame:
        return self._site.table("talk/threads", board=board)

    def comments(self, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return comments, newest first: of a `thread`, `subject` or `survey`, perhaps `since` a time."""
        return self._site.table("talk/comments", most=most, **filters)

    def open_thread(
        self, board: int, title: str, text: str, *, picture: Path | None = None, alt: str = ""
    ) -> dict[str, Any]:
        """Start a thread, perhaps with a picture and the words for what it shows."""
        return self._say("talk/threads/", {"board": board, "title": title, "text": text}, picture, alt)

    def say(
        self, text: str, *, thread: int | None = None, subject: int | None = None, picture: Path | None = None,
        alt: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Comment in a thread or on a subject."""
        where = {name: key for name, key in (("thread", thread), ("subject", subject)) if key is not None}
        return self._say("talk/comments/", {**where, "text": text}, picture, alt)

    def edit(self, comment: int, text: str) -> dict[str, Any]:
        return self._site.ask("PATCH", f"talk/comments/{comment}/", json={"text": text})

    def remove(self, comment: int, *, because: str = "") -> None:
        """Remove your own comment or, as a moderator, another's with a reason."""
        self._site.send("DELETE", f"talk/comments/{comment}/", params={"because": because} if because else None)

    def _say(self, address: str, told: dict[str, Any], picture: Path | None, alt: str) -> dict[str, Any]:
        if picture is None:
            return self._site.ask("POST", address, json=told)
        with picture.open("rb") as file:
            return self._site.ask("POST", address, data={**told, "alt": alt}, files={"picture": (picture.name, file)})


class Collections(Part):
    """Collections of subjects: yours, and those that you edit."""

    def all(self) -> pd.DataFrame:
        return self._site.table("collections")

    def create(self, name: str, **more: Any) -> dict[str, Any]:
        """Create a collection, perhaps with `description` and `is_public`."""
        return self._site.ask("POST", "collections/", json={"name": name, **more})

    def change(self, collection: int, **fields: Any) -> dict[str, Any]:
        return self._site.ask("PATCH", f"collections/{collection}/", json=fields)

    def delete(self, collection: int) -> None:
        self._site.send("DELETE", f"collections/{collection}/")

    def subjects(self, collection: int) -> list[int]:
        """Return the ids of a collection's subjects, in order."""
        found: list[int] = self._site.row("collections", collection)["subjects"]
        return found

    def add(self, collection: int, subjects: Iterable[int]) -> int:
        """Add subjects at the front; return the collection's size."""
        return self._resize(collection, "add", subjects)

    def remove(self, collection: int, subjects: Iterable[int]) -> int:
        return self._resize(collection, "remove", subjects)

    def move(self, collection: int, subject: int, *, is_forward: bool) -> None:
        """Exchange a subject with its neighbour, towards the front or the end."""
        told = {"subject": subject, "is_forward": is_forward}
        self._site.send("POST", f"collections/{collection}/move/", json=told)

    def add_editor(self, collection: int, username: str) -> None:
        self._site.send("POST", f"collections/{collection}/add-editor/", json={"username": username})

    def remove_editor(self, collection: int, username: str) -> None:
        self._site.send("POST", f"collections/{collection}/remove-editor/", json={"username": username})

    def make_set(self, collection: int, survey: str) -> dict[str, Any]:
        """Put a collection's subjects of a survey into a subject set, as its scientist; return its name and size."""
        return self._site.ask("POST", f"collections/{collection}/make-set/", json={"survey": survey})

    def _resize(self, collection: int, way: str, subjects: Iterable[int]) -> int:
        told = {"subjects": [int(each) for each in subjects]}
        size: int = self._site.ask("POST", f"collections/{collection}/{way}/", json=told)["size"]
        return size


class Groups(Part):
    """Groups that you own or belong to."""

    def all(self) -> pd.DataFrame:
        return self._site.tabled("groups/", self._site.listed("groups/"))

    def create(self, name: str, **more: Any) -> dict[str, Any]:
        """Open a group, perhaps with `description` and `is_class`."""
        return self._site.ask("POST", "groups/", json={"name": name, **more})

    def change(self, group: int, **fields: Any) -> dict[str, Any]:
        return self._site.ask("PATCH", f"groups/{group}/", json=fields)

    def delete(self, group: int) -> None:
        self._site.send("DELETE", f"groups/{group}/")

    def link(self, group: int, days: int) -> dict[str, Any]:
        """Make a new link by which people join for so many days, and end the earlier one; 0 only ends it."""
        return self._site.ask("POST", f"groups/{group}/link/", json={"days": days})

    def join(self, token: str) -> dict[str, Any]:
        """Join by the last part of a group's link; return the group."""
        return self._site.ask("POST", "groups/join/", json={"token": token})

    def leave(self, group: int) -> None:
        self._site.send("POST", f"groups/{group}/leave/")

    def members(self, group: int) -> pd.DataFrame:
        return self._site.tabled("groups/{id}/members/", self._site.listed(f"groups/{group}/members/"))

    def remove_member(self, group: int, member: int) -> None:
        """End a membership, by its id in `members`."""
        self._site.send("POST", f"groups/{group}/remove-member/", json={"member": member})


class Appeals(Part):
    """What moderators did about your comments, and appeals against it."""

    def actions(self) -> pd.DataFrame:
        return self._site.tabled("appeals/actions/", self._site.listed("appeals/actions/"))

    def all(self, **filters: Any) -> pd.DataFrame:
        """Return your appeals, and those in surveys that you moderate (`survey`, `open="true"`)."""
        return self._site.table("appeals", **filters)

    def create(self, action: int, text: str) -> dict[str, Any]:
        """Appeal against a moderator's action."""
        return self._site.ask("POST", "appeals/", json={"action": action, "text": text})

    def answer(self, appeal: int, *, is_granted: bool, answer: str) -> dict[str, Any]:
        """Answer an appeal, as a moderator."""
        told = {"is_granted": is_granted, "answer": answer}
        return self._site.ask("POST", f"appeals/{appeal}/answer/", json=told)
