"""What somebody did in a role, as tables: verdicts, cases, reports, moderation, and acts in the audit log."""

from typing import Any

from django.db.models import Q, QuerySet

from webapp.archive.models import AuditEntry, Membership
from webapp.community.appeals import actions_against
from webapp.community.models import ModeratorAction
from webapp.community.models import Report as CommentReport
from webapp.linking.models import Proposal, ProposalEvent
from webapp.reports.models import Report
from webapp.review.models import Case, CaseEvent, Ruling, SecondOpinion, SecondOpinionRequest
from webapp.volunteers.models import Volunteer


def own_work(volunteer: Volunteer) -> dict[str, QuerySet[Any]]:
    """Return the rows by the table's name. They are asked for by volunteer, since a visitor's account is NULL."""
    reports = Report.objects.filter(Q(created_by__volunteer=volunteer) | Q(signed_by__volunteer=volunteer))
    return {
        "roles.csv": Membership.objects.filter(user__volunteer=volunteer).order_by("pk"),
        "verdicts.csv": Ruling.objects.filter(scientist__volunteer=volunteer),
        "second-opinions.csv": SecondOpinion.objects.filter(scientist__volunteer=volunteer),
        "opinion-requests.csv": SecondOpinionRequest.objects.filter(by__volunteer=volunteer),
        "cases.csv": Case.objects.filter(assignee__volunteer=volunteer).order_by("pk"),
        "case-events.csv": CaseEvent.objects.filter(by__volunteer=volunteer),
        "proposals.csv": Proposal.objects.filter(decided_by__volunteer=volunteer).order_by("pk"),
        "proposal-events.csv": ProposalEvent.objects.filter(by__volunteer=volunteer),
        "reports.csv": reports,
        "comment-reports.csv": CommentReport.objects.filter(reporter=volunteer),
        "moderated.csv": actions_against(volunteer),
        "moderator-acts.csv": ModeratorAction.objects.filter(moderator__volunteer=volunteer),
        "audit-log.csv": AuditEntry.objects.filter(user__volunteer=volunteer),
    }
