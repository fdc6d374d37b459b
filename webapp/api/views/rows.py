"""Lists and single rows: those that everybody may read, and those of a survey's scientists and admins."""

from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework import viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny, IsAuthenticated

from webapp.api.access import require, surveys_with
from webapp.api.filters import ByParameters, Newest, Parameter
from webapp.archive.models import Survey
from webapp.archive.models.survey import Role


class PublicRows(viewsets.ReadOnlyModelViewSet[Any]):
    """Rows that everybody may read."""

    lookup_value_regex = r"[-\w]+"
    permission_classes = [AllowAny]
    pagination_class = Newest
    filter_backends = [ByParameters]
    parameters: ClassVar[dict[str, Parameter]] = {}


class SurveyRows(viewsets.ReadOnlyModelViewSet[Any]):
    """Rows of the surveys in which the person who asks holds `role`.

    A list holds those rows only; a single row of another survey is refused, and so is every action on it.
    """

    lookup_value_regex = "[0-9]+"
    permission_classes = [IsAuthenticated]
    pagination_class = Newest
    filter_backends = [ByParameters]
    parameters: ClassVar[dict[str, Parameter]] = {}
    role: ClassVar[str] = Role.SCIENTIST
    survey_path: ClassVar[str] = "survey"

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if self.detail or getattr(self, "swagger_fake_view", False):
            return rows
        surveys = list(surveys_with(self.request, self.role))
        if not surveys:
            raise PermissionDenied(f"This is for the {Role(self.role).label.lower()}s of a survey.")
        return rows.filter(**{f"{self.survey_path}__in": surveys})

    def get_object(self) -> Any:
        row = super().get_object()
        require(self.request, self.survey_of(row), self.role)
        return row

    def survey_of(self, row: Model) -> Survey:
        """Follow `survey_path` from the row."""
        found: Any = row
        for step in self.survey_path.split("__"):
            found = getattr(found, step)
        return found
