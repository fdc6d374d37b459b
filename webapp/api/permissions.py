"""API permissions: load a row and authorise by role in its survey; 400 for what rules refuse, 409 for conflicts."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import QuerySet
from rest_framework import status
from rest_framework.exceptions import APIException, NotAuthenticated, PermissionDenied, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from webapp.archive.audit import record_act
from webapp.archive.models import Membership, Role, Survey, lacks_second_factor
from webapp.core.sql import Columns, fetch
from webapp.workflows.models import Workflow

Result = TypeVar("Result")


def require(request: Request, survey: Survey, role: str) -> User:
    """Return the user if they hold `role` (or a higher one) in the survey; else PermissionDenied."""
    user = request.user
    if not isinstance(user, User) or not Membership.objects.allows(user, survey, role):
        raise _refusal(request, f"This is for the {Role(role).label.lower()}s of {survey}.")
    if role == Role.ADMIN:
        record_act(request, user, survey)
    return user


def require_site_admin(request: Request) -> User:
    """Return the user if they administer the site; else PermissionDenied."""
    user = request.user
    if not user.is_authenticated:
        raise NotAuthenticated
    if not isinstance(user, User) or not user.is_superuser or lacks_second_factor(user, Role.ADMIN):
        raise _refusal(request, "This is for the site's administrators.")
    record_act(request, user)
    return user


def _refusal(request: Request, words: str) -> PermissionDenied:
    """Return the refusal, which says of a write that it did nothing."""
    return PermissionDenied(words if request.method in SAFE_METHODS else f"{words} Nothing was changed.")


def surveys_with(request: Request, role: str) -> QuerySet[Survey]:
    """Return the surveys in which the user holds `role` (or a higher one)."""
    return Membership.objects.surveys(request.user, role)


def checked(write: Callable[[], Result]) -> Result:
    """Return the result of a write, or answer 400 with what the rules refuse."""
    try:
        return write()
    except ModelValidationError as error:
        raise ValidationError({"detail": error.messages}) from error


class Conflict(APIException):
    """A valid request that conflicts with the current state (409)."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This cannot be done now."
    default_code = "conflict"


WORKFLOW = Columns(Workflow, "workflow")
SURVEY = Columns(Survey, "survey")
SELECT = f"""
    SELECT {WORKFLOW.sql}, {SURVEY.sql}
    FROM workflows_workflow AS workflow JOIN archive_survey AS survey ON survey.id = workflow.survey_id
    WHERE workflow.slug = ANY((SELECT %s::text[])::text[])
"""  # noqa: S608  # column names of our own models


def workflows_by_slug(slugs: Iterable[str]) -> dict[str, Workflow]:
    """Return the workflows with these slugs."""
    workflows = {}
    for row in fetch(SELECT, [list(slugs)]):
        workflow = WORKFLOW.build(row[: len(WORKFLOW)])
        workflow.survey = SURVEY.build(row[len(WORKFLOW) :])
        workflows[workflow.slug] = workflow
    return workflows
