"""Export of one's own data, as files for people and programs.

Except quality flags, which volunteers are not told about (docs/consensus.md), and what would tell a scientist a verdict
that they are to judge without.
"""

import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet
from django.utils import timezone

from ml.io.safe_csv import CellWriter
from webapp.accounts.models import ApiToken
from webapp.archive.audit import acts_about
from webapp.archive.blinding import readable_name
from webapp.archive.models import AuditEntry
from webapp.archive.verdict_blinding import hides_verdict
from webapp.classifications.models import Classification, Mark
from webapp.community.models import (
    Appeal,
    Block,
    Collection,
    Comment,
    CommentPicture,
    CommentVersion,
    Discovery,
    Favourite,
    Notification,
    Profile,
    SubjectTag,
)
from webapp.exports.own_work import own_work
from webapp.volunteers.models import Volunteer

IN_MEMORY = 2**20
CHUNK = 2000
LEFT_OUT = (
    "volunteer_id",
    "author_id",
    "removed_by_id",
    "answered_by_id",
    "blocked_id",
    "user_id",
    "session_key",
    "is_trusted",
    "revision",
    "applied_revision",
    "log_odds_micronats",
    "document",
    "owner_id",
    "token",
    "digest",
    "scientist_id",
    "withdrawn_by_id",
    "second_asked_by_id",
    "assignee_id",
    "by_id",
    "decided_by_id",
    "created_by_id",
    "signed_by_id",
    "previous_gold",
    "previous_source",
    "psv",
    "xml",
    "obs80",
    "reporter_id",
    "settled_by_id",
    "moderator_id",
    "lifted_by_id",
)
NAMES = {
    "subject_id": ["subject__survey__slug", "subject_external_id"],
    "classification_id": ["classification__subject__survey__slug", "classification__subject__external_id"],
    "workflow_id": ["workflow__slug"],
    "action_id": ["action__survey__slug", "action__kind", "action__reason"],
    "blocked_id": ["blocked__user__username"],
    "thread_id": ["thread__board__name", "thread__title"],
    "group_id": ["group__name"],
    "survey_id": ["survey__slug"],
    "ruling_id": ["ruling__subject__survey__slug", "ruling__subject__external_id", "ruling__workflow__slug"],
    "case_id": ["case__subject__survey__slug", "case__subject__external_id"],
    "run_id": ["run__survey__slug"],
    "text_id": ["text__survey__slug", "text__workflow__slug", "text__language", "text__version"],
}
"""Readable names of related rows."""

README = """What this site keeps about you.

profile.json          your account and profile
classifications.csv   your answers, those that you took back too (withdrawn_at)
lines.csv             the lines that you drew along trails, each with its answer (classification_id)
skill.csv             your answers to practice images: true_yes_said_no counts real ones that you said no to
tutorials.csv         how far you have read which tutorial
favourites.csv        the subjects that you gave a heart
collections.json      your collections, and what is in them
groups.csv            the groups that you own
memberships.csv       the groups that you joined, and when
discoveries.csv       what scientists confirmed after you had said yes
comments.csv          what you wrote in Talk, what was removed too (removed_at, removed_because)
comment-pictures/     the pictures that you posted, by the comment's id
comment-versions.csv  what your comments said before you edited them
appeals.csv           your appeals against what moderators did, and their answers
blocks.csv            whom you block in Talk
tags.csv              the #tags that you gave subjects
notifications.csv     what you were told
sessions.csv          where you are signed in: address and browser, until that session ends
api-tokens.csv        your API tokens, without what is secret of them
sign-ins.csv          accounts elsewhere that you sign in with, and what they said of you
roles.csv             your role in each survey
verdicts.csv          your verdicts as a scientist, those that were withdrawn too
second-opinions.csv   your verdicts beside those of other scientists
opinion-requests.csv  on which verdicts you asked for a second opinion, or no longer
cases.csv             the subjects that are assigned to you
case-events.csv       what you did with subjects: holds, tags, notes and whom you assigned
proposals.csv         the links between detections or tracklets that you decided on last
proposal-events.csv   each link that you confirmed, rejected, put back or took back, and why
reports.csv           the reports to the Minor Planet Center that you made or signed
comment-reports.csv   the comments that you reported to moderators
moderated.csv         what moderators did about your comments
moderator-acts.csv    what you did as a moderator
audit-log.csv         what you did as an administrator
about-you.csv         what administrators did with your account, looks at it included
Times are UTC.
"""


def export_own_data(volunteer: Volunteer) -> IO[bytes]:
    """Return a ZIP file, opened for reading. Rows are streamed, so it can have any size."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    reader = volunteer.user or AnonymousUser()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        table = partial(_table, archive, reader)
        archive.writestr("README.txt", README)
        archive.writestr("profile.json", _json(_profile(volunteer)))
        answers = _answers(volunteer)
        table("classifications.csv", answers.order_by("created_at"))
        table("lines.csv", Mark.objects.filter(classification__in=answers).order_by("pk"))
        table("skill.csv", volunteer.skills.order_by("pk"))
        table("tutorials.csv", volunteer.tutorials.order_by("pk"))
        table("favourites.csv", Favourite.objects.filter(volunteer=volunteer).order_by("pk"))
        archive.writestr("collections.json", _json(_collections(volunteer, reader)))
        table("groups.csv", volunteer.owned_groups.order_by("pk"))
        table("memberships.csv", volunteer.group_memberships.order_by("pk"))
        table("discoveries.csv", Discovery.objects.filter(volunteer=volunteer).exclude(hides_verdict(reader)))
        table("comments.csv", Comment.objects.filter(author=volunteer))
        for picture in CommentPicture.objects.filter(comment__author=volunteer).order_by("pk").iterator(10):
            ending = picture.content_type.partition("/")[2]
            archive.writestr(f"comment-pictures/{picture.comment_id}.{ending}", bytes(picture.content))
        versions = CommentVersion.objects.filter(comment__author=volunteer)
        table("comment-versions.csv", versions)
        table("appeals.csv", Appeal.objects.filter(action__author=volunteer))
        table("blocks.csv", Block.objects.filter(volunteer=volunteer))
        table("tags.csv", SubjectTag.objects.filter(volunteer=volunteer).order_by("pk"))
        table("notifications.csv", Notification.objects.filter(volunteer=volunteer).shown_to(reader))
        table("sessions.csv", UserSession.objects.filter(user=volunteer.user_id).order_by("pk"))
        table("api-tokens.csv", ApiToken.objects.filter(user=volunteer.user_id).order_by("pk"))
        table("sign-ins.csv", SocialAccount.objects.filter(user=volunteer.user_id).order_by("pk"))
        for name, rows in own_work(volunteer).items():
            table(name, rows)
        table("about-you.csv", acts_about(volunteer.user) if volunteer.user else AuditEntry.objects.none())
    file.seek(0)
    return file


def _answers(volunteer: Volunteer) -> QuerySet[Classification]:
    """Return the volunteer's answers, and those as a visitor that gave way to one of the account."""
    return Classification.objects.filter(Q(volunteer=volunteer) | Q(volunteer__merged_into=volunteer))


def _profile(volunteer: Volunteer) -> dict[str, Any]:
    profile: dict[str, Any] = {"volunteer_since": volunteer.created_at}
    user = volunteer.user
    if user is not None:
        profile |= {"user_name": user.get_username(), "email": user.email, "joined": user.date_joined}
        profile |= Profile.objects.filter(user=user).values("display_name", "credit", "language", "mail").first() or {}
    return profile


def _collections(volunteer: Volunteer, reader: User | AnonymousUser) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "description": each.description,
            "is_public": each.is_public,
            "created_at": each.created_at,
            "subjects": list(_collected(each, reader)),
        }
        for each in volunteer.collections.all()
    ]


def _collected(collection: Collection, reader: User | AnonymousUser) -> Iterator[dict[str, Any]]:
    names = ("subject_id", "subject__survey__slug", "name")
    items = collection.items.annotate(name=readable_name(reader)).values_list(*names)
    return (dict(zip(("id", "survey__slug", "external_id"), row, strict=True)) for row in items)


def _table(archive: ZipFile, reader: User | AnonymousUser, name: str, rows: QuerySet[Any]) -> None:
    """Write the rows with all but a few columns, and readable column names."""
    fields = [field.attname for field in rows.model._meta.concrete_fields]
    if "subject_id" in fields:
        rows = rows.annotate(subject_external_id=readable_name(reader))
    columns = [field for field in fields if field not in LEFT_OUT]
    columns += [name for field, names in NAMES.items() if field in fields for name in names]
    made = ZipInfo(name, timezone.now().timetuple()[:6])
    made.compress_type = archive.compression
    with archive.open(made, "w") as member, io.TextIOWrapper(member, "utf-8", newline="") as text:
        writer = CellWriter(text)
        writer.writerow([column.replace("__", "_") for column in columns])
        writer.writerows(_plain(rows.values_list(*columns).iterator(CHUNK)))


def _plain(rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    """Format times as ISO 8601 and nested values as JSON."""
    for row in rows:
        yield [
            value.isoformat() if hasattr(value, "isoformat")
            else json.dumps(value) if isinstance(value, (dict, list))
            else value
            for value in row
        ]  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
