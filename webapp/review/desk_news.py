"""News from the desk: a subject was assigned to somebody, their opinion on it is wanted, or a colleague disagrees.

They never say what a first verdict was. What is settled before somebody reads of it is no news any more.
"""

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.community.models import Notification
from webapp.review.models import CaseAction, CaseEvent, Ruling, SecondOpinion
from webapp.volunteers.identity import account_volunteer, staying


def tell_assignee(events: Sequence[CaseEvent]) -> None:
    """Tell the scientist to whom somebody else assigned subjects, in one line; who had them before need not know."""
    changed = [each for each in events if each.action in (CaseAction.ASSIGN, CaseAction.UNASSIGN)]
    if not changed:
        return
    forget_assigned(each.case.subject_id for each in changed)
    first = changed[0]
    if first.action == CaseAction.UNASSIGN or first.by is None or first.text == first.by.get_username():
        return
    subject = first.case.subject if len(changed) == 1 else None
    _tell(Notification.Kind.ASSIGNED, first.case.subject.survey, subject, User.objects.filter(username=first.text))


def forget_assigned(subjects: Iterable[int]) -> None:
    """Remove unread news of assignments that hold no more."""
    _unread(Notification.Kind.ASSIGNED).filter(subject__in=list(subjects)).delete()


def ask_colleagues(ruling: Ruling, *, by: User) -> None:
    """Tell the survey's other scientists that a second opinion on a ruling is wanted, if they have given none."""
    survey = ruling.subject.survey
    members = Membership.objects.at_least(Role.SCIENTIST).filter(survey=survey)
    colleagues = User.objects.filter(pk__in=members.values("user"), is_active=True)
    judged = ruling.opinions.filter(withdrawn_at=None).values("scientist")
    asked = colleagues.exclude(pk__in=[ruling.scientist_id, by.pk]).exclude(pk__in=judged)
    _tell(Notification.Kind.OPINION, survey, ruling.subject, asked)


def forget_answered(subject: int) -> None:
    """Remove unread news that a second opinion is wanted, if none is any more."""
    wanted = Ruling.objects.awaiting_opinion().filter(subject=subject, withdrawn_at=None)
    if not wanted.exists():
        _unread(Notification.Kind.OPINION).filter(subject=subject).delete()


def tell_of_conflict(ruling: Ruling, *, by: User) -> None:
    """Tell those who have judged the subject of a ruling, or asked for it, that verdicts differ; not who made them so.

    If none differs any more, the news go.
    """
    differing = ruling.opinions.filter(withdrawn_at=None).exclude(verdict=ruling.verdict)
    judges = set(differing.values_list("scientist", flat=True))
    if not judges:
        forget_settled_conflicts([ruling.subject_id])
        return
    concerned = User.objects.filter(Q(pk__in=[*judges, ruling.scientist_id]) | Q(pk=ruling.second_asked_by_id))
    people = concerned.filter(is_active=True).exclude(pk=by.pk)
    _tell(Notification.Kind.CONFLICT, ruling.subject.survey, ruling.subject, people)


def forget_settled_conflicts(subjects: Iterable[int]) -> None:
    """Remove unread news of conflicts about subjects on which no verdicts differ any more."""
    differing = SecondOpinion.objects.filter(withdrawn_at=None, ruling__withdrawn_at=None)
    differing = differing.exclude(verdict=F("ruling__verdict")).filter(ruling__subject=OuterRef("subject"))
    _unread(Notification.Kind.CONFLICT).filter(~Exists(differing), subject__in=list(subjects)).delete()


def _tell(kind: str, survey: Survey, subject: Subject | None, people: Iterable[User]) -> None:
    """Tell each person once, until they have read it."""
    news = {"kind": kind, "survey": survey, "subject": subject}
    told = set(_unread(kind).filter(survey=survey, subject=subject).values_list("volunteer", flat=True))
    volunteers = staying({account_volunteer(each).pk for each in people} - told)
    Notification.objects.bulk_create(Notification(volunteer_id=each, **news) for each in sorted(volunteers))


def _unread(kind: str) -> QuerySet[Notification]:
    return Notification.objects.filter(kind=kind, read_at=None)
