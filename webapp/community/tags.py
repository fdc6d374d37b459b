"""Volunteers' #tags: stored from comments and by a button; counted and listed, with scientists' tags for scientists."""

import re
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Subject, SubjectSet, Survey
from webapp.archive.shared_subjects import share
from webapp.community.authors import check_author
from webapp.community.models import Comment, SubjectTag
from webapp.community.talk_index import may_read
from webapp.core.cached_figures import cached_figure
from webapp.core.sql import fetch
from webapp.queue.membership import add_to_set
from webapp.volunteers.identity import account_volunteer, locked_account_volunteer
from webapp.volunteers.models import Volunteer

TAG = re.compile(r"(?<![\w#&/])#([^\W\d_][\w-]{0,29})(?![\w-])")
LONGEST_TAG = 30
MOST_TAGS = 20
MOST_LISTED = 200


def tags_in(text: str) -> list[str]:
    """Return the tags of a text, in order and in lower case: #Comet and #comet are one."""
    return list(dict.fromkeys(name.lower() for name in TAG.findall(text)))[:MOST_TAGS]


def store_tags(comment: Comment) -> None:
    """Make the tags of a comment on a subject what its text says; none once it is removed."""
    SubjectTag.objects.filter(comment=comment).delete()
    if comment.subject_id and comment.author_id and comment.removed_at is None:
        of = {"subject_id": comment.subject_id, "volunteer_id": comment.author_id, "comment": comment}
        SubjectTag.objects.bulk_create([SubjectTag(name=name, **of) for name in tags_in(comment.text)])


@transaction.atomic
def tag(*, user: User, subject: Subject, name: str) -> None:
    """Tag a subject; repeating it is safe.

    Raises
    ------
    PermissionDenied
        The user may still be asked about the subject. Nothing is stored.
    ValidationError
        It is no tag, the user's tags on the subject are too many, or the user is suspended. Nothing is stored.
    """
    volunteer = locked_account_volunteer(user)
    if not may_read(user, volunteer, subject):
        raise PermissionDenied(_("Answer this subject first, then tag it. Nothing was changed."))
    check_author(volunteer, subject.survey, name)
    names = _names(name)
    if len(names) != 1:
        raise ValidationError(_("A tag is a word of up to 30 letters, digits or hyphens, such as comet."))
    own = SubjectTag.objects.filter(subject=subject, volunteer=volunteer, comment=None)
    if own.exclude(name=names[0]).count() >= MOST_TAGS:
        raise ValidationError(_("You can add %(most)d tags to a subject.") % {"most": MOST_TAGS})
    share([subject.pk])
    SubjectTag.objects.get_or_create(subject=subject, volunteer=volunteer, comment=None, name=names[0])


def untag(*, user: User, subject: Subject, name: str) -> None:
    """Take back one's own tag, if it was added by the button; those in comments go with the comment's text."""
    own = SubjectTag.objects.filter(subject=subject, volunteer=account_volunteer(user), comment=None)
    own.filter(name__in=_names(name)).delete()


def _names(typed: str) -> list[str]:
    """Return what was typed as a tag: one name, or none or several if it is no tag."""
    return tags_in("#" + re.sub(r"\s+", "-", typed.strip().removeprefix("#")))


def own_tags(subject: Subject, reader: Volunteer | None) -> QuerySet[SubjectTag, str]:
    """Return the tags that the reader gave by the button."""
    rows = SubjectTag.objects.filter(subject=subject, volunteer=reader, comment=None)
    return rows.values_list("name", flat=True)


def tags_of(subject: Subject) -> QuerySet[SubjectTag, Any]:
    """Return a subject's tags with the number of `people` who gave each, the most frequent first."""
    rows = SubjectTag.objects.filter(subject=subject).values("name")
    return rows.annotate(people=Count("volunteer", distinct=True)).order_by("-people", "name")


def tags_of_survey(survey: Survey, *, with_scientists: bool = False) -> list[dict[str, Any]]:
    """Return the survey's tags with their number of `subjects` and `people`, the most frequent first; cached.

    `with_scientists` includes the tags of cases, and the number of subjects `by_scientists`: only for scientists, since
    such a tag may tell the answer.
    """
    return cached_figure(f"tags-{survey.pk}-{with_scientists}", partial(_count, survey, with_scientists))


_COUNTED = """
    SELECT name, count(DISTINCT subject_id), count(DISTINCT volunteer_id),
        count(DISTINCT subject_id) FILTER (WHERE volunteer_id IS NULL)
    FROM (
        SELECT name, subject_id, volunteer_id FROM community_subjecttag
        UNION ALL SELECT unnest(tags), subject_id, NULL FROM review_case WHERE %s
    ) AS tag JOIN archive_subject AS subject ON subject.id = tag.subject_id
    WHERE subject.survey_id = %s GROUP BY name ORDER BY 2 DESC, name LIMIT %s
"""


def _count(survey: Survey, with_scientists: bool) -> list[dict[str, Any]]:
    names = ("name", "subjects", "people", *(["by_scientists"] if with_scientists else []))
    return [dict(zip(names, row, strict=False)) for row in fetch(_COUNTED, [with_scientists, survey.pk, MOST_LISTED])]


def tagged(survey: Survey, name: str, *, people: int = 1, with_scientists: bool = False) -> QuerySet[Subject]:
    """Return the survey's subjects with a tag from at least this many people.

    `with_scientists` includes those that a scientist tagged, however few people did; each row then tells
    `is_by_scientist`. Only for scientists, as in `tags_of_survey`.
    """
    name = name.lower().replace("\0", "")
    by_volunteers = SubjectTag.objects.filter(subject__survey=survey, name=name).values("subject")
    often: QuerySet[Any, Any] = by_volunteers.annotate(people=Count("volunteer", distinct=True)).filter(
        people__gte=people
    )
    rows = Subject.objects.filter(survey=survey)
    if not with_scientists:
        return rows.filter(pk__in=often.values("subject"))
    has_tag = Q(case__tags__contains=[name])
    keys = often.values("subject").union(rows.filter(has_tag).values("pk"))
    return rows.filter(pk__in=keys).annotate(is_by_scientist=has_tag)


@transaction.atomic
def make_set(*, user: User, survey: Survey, name: str, people: int) -> tuple[SubjectSet, int]:
    """Put the subjects with a tag into the subject set of its name, and return it with its size; it only grows.

    A scientist's tag always counts, a volunteer's from so many people. Synthetic subjects stay out.

    Raises
    ------
    PermissionDenied
        The user is no scientist of the survey. Nothing is changed.
    ValidationError
        No subject has the tag from so many people.
    """
    if not Membership.objects.allows(user, survey, Role.SCIENTIST):
        raise PermissionDenied(_("Only scientists of the survey can do this. Nothing was changed."))
    rows = tagged(survey, name, people=people, with_scientists=True).filter(is_synthetic=False)
    subjects = list(rows.values_list("pk", flat=True))
    if not subjects:
        raise ValidationError(_("No subject has this tag from so many people."))
    row = add_to_set(survey, f"#{name.lower()}", subjects)
    return row, row.subjects.count()
