"""Query parameter filters, listed in the schema, and cursor pagination."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

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
    """One parameter: the lookup it stands for, how it is read, and what it means."""

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
    """Rows by primary key, the newest first."""

    ordering = "-pk"
    page_size = 50
    max_page_size = 1000
    page_size_query_param = "page_size"


class NewestAnswer(Newest):
    """Rows whose keys say nothing about their age."""

    ordering = ("-created_at", "pk")  # type: ignore[assignment]


class BySubject(Newest):
    """Rows that have no key of their own; a subject has one for each checkpoint."""

    ordering = ("subject_id", "checkpoint_id")  # type: ignore[assignment]
