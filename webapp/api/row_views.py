"""Base classes of list and detail views: query parameter filters, listed in the schema, and cursor pagination."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework import viewsets
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request

from webapp.api.permissions import require, surveys_with
from webapp.archive.models import Role, Survey

LARGEST_ID = 2**63 - 1


def truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


def key(text: str) -> int:
    number = int(text)
    if not 0 <= number <= LARGEST_ID:
        raise ValueError
    return number


def word(text: str) -> str:
    if "\0" in text:
        raise ValueError
    return text


SCHEMAS: dict[Callable[[str], Any], dict[str, Any]] = {
    truth: {"type": "boolean"},
    key: {"type": "integer", "minimum": 0},
    word: {"type": "string"},
}


@dataclass(frozen=True)
class Parameter:
    """A query parameter: its lookup, its type, and its description."""

    lookup: str
    read: Callable[[str], Any]
    description: str


SURVEY = Parameter("survey__slug", word, "slug of a survey")
WORKFLOW = Parameter("workflow__slug", word, "slug of a workflow")


class ByParameters(BaseFilterBackend):
    """Filter by the view's `parameters`, a dictionary of `Parameter` by name."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        for name, parameter in view.parameters.items():
            text = request.query_params.get(name)
            if text:
                queryset = queryset.filter(**{parameter.lookup: _value(name, parameter, text)})
        return queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameters to the OpenAPI schema."""
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": parameter.description,
                "schema": SCHEMAS[parameter.read],
            }
            for name, parameter in view.parameters.items()
        ]


def _value(name: str, parameter: Parameter, text: str) -> Any:
    try:
        return parameter.read(text)
    except ValueError as error:
        raise ValidationError({name: [f"“{text}” is no value for this; it takes: {parameter.description}."]}) from error


class Newest(CursorPagination):
    """Pagination by primary key, newest first."""

    ordering = "-pk"
    page_size = 50
    max_page_size = 1000
    page_size_query_param = "page_size"


class NewestAnswer(Newest):
    """Pagination for rows whose keys do not follow their age."""

    ordering = ("-created_at", "pk")  # type: ignore[assignment]


class BySubject(Newest):
    """Pagination for rows without a key of their own; each subject has one row per checkpoint."""

    ordering = ("subject_id", "checkpoint_id")  # type: ignore[assignment]


class PublicRows(viewsets.ReadOnlyModelViewSet[Any]):
    """Rows that anyone can read."""

    lookup_value_regex = r"[-\w]+"
    permission_classes = [AllowAny]
    pagination_class = Newest
    filter_backends = [ByParameters]
    parameters: ClassVar[dict[str, Parameter]] = {}


class SurveyRows(viewsets.ReadOnlyModelViewSet[Any]):
    """Rows of the surveys in which the user holds `role`.

    A list contains only those rows; a single row of another survey is refused, and so is every action on it.
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
        value: Any = row
        for step in self.survey_path.split("__"):
            value = getattr(value, step)
        return value
