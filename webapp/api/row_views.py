"""Base classes of list and detail views: query parameter filters, listed in the schema."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, ClassVar

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework import viewsets
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request

from webapp.api.pagination import OF_PAGES, Newest
from webapp.api.permissions import require, surveys_with
from webapp.archive.models import Role, Survey
from webapp.workflows.models import Workflow

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


def number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError
    return value


def fraction(text: str) -> float:
    value = number(text)
    if not 0 <= value <= 1:
        raise ValueError
    return value


@dataclass(frozen=True)
class OneOf:
    """Reads one of some words."""

    choices: tuple[str, ...]

    def __call__(self, text: str) -> str:
        if text not in self.choices:
            raise ValueError
        return text


def listed(text: str) -> list[str]:
    """Read one element that a list must contain."""
    return [word(text)]


def moment(text: str) -> datetime:
    """Parse an ISO 8601 time as UTC, also without a zone. An unencoded plus sign in a URL arrives as a blank."""
    time = parse_datetime(text.strip().replace(" ", "+") if "T" in text else text)
    if time is None:
        raise ValueError
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError as error:  # the first and the last day of the calendar in another zone
        raise ValueError from error


SCHEMAS: dict[Callable[[str], Any], dict[str, Any]] = {
    truth: {"type": "boolean"},
    key: {"type": "integer", "minimum": 0},
    word: {"type": "string"},
    number: {"type": "number"},
    fraction: {"type": "number", "minimum": 0, "maximum": 1},
    listed: {"type": "string"},
    moment: {"type": "string", "format": "date-time"},
}


@dataclass(frozen=True)
class Parameter:
    """A query parameter: its lookup (unused by a type that reads a whole filter), its type, and its description."""

    lookup: str
    read: Callable[[str], Any]
    description: str


def one_of(lookup: str, choices: Iterable[str]) -> Parameter:
    """Return the parameter whose value is one of some words."""
    words = tuple(choices)
    return Parameter(lookup, OneOf(words), f"one of {', '.join(words)}")


@dataclass(frozen=True)
class Range:
    """The query parameters `min_NAME` and `max_NAME`, which one filter takes together: one row must satisfy both."""

    name: str
    within: Callable[[float | None, float | None], Q]
    description: str
    read: Callable[[str], float] = number

    def parameters(self) -> dict[str, Parameter]:
        ends = {"min": "lowest", "max": "highest"}
        return {f"{end}_{self.name}": Parameter("", self.read, f"{ends[end]} {self.description}") for end in ends}


def survey(text: str) -> str:
    """Read the slug of a survey; all of them are public."""
    return _slug_of(Survey, text)


def workflow(text: str) -> str:
    """Read the slug of a workflow; all of them are public."""
    return _slug_of(Workflow, text)


def _slug_of(model: type[Model], text: str) -> str:
    if not model._default_manager.filter(slug=word(text)).exists():
        raise ValueError
    return text


def of_survey(path: str = "survey") -> Parameter:
    """Return the parameter that filters by the survey at the end of a path."""
    return Parameter(f"{path}__slug", survey, "slug of a survey")


SURVEY = of_survey()
WORKFLOW = Parameter("workflow__slug", workflow, "slug of a workflow")

UPDATED_SINCE = Parameter(
    "updated_at__gte", moment, "changed at this time (ISO 8601) or later, in the order of the changes"
)


class ByParameters(BaseFilterBackend):
    """Filter by the view's `parameters` (by name) and `ranges`; refuse unknown ones in lists."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        if not getattr(view, "detail", False):
            refuse_unknown(request, _all(view))
        _refuse_empty_ranges(request, _all(view))
        for name, parameter in getattr(view, "parameters", {}).items():
            text = request.query_params.get(name)
            if text:
                value = _value(name, parameter, text)
                queryset = queryset.filter(value if isinstance(value, Q) else Q(**{parameter.lookup: value}))
        for each in getattr(view, "ranges", ()):
            ends = [_end(request, name, parameter) for name, parameter in each.parameters().items()]
            if ends != [None, None]:
                queryset = queryset.filter(each.within(*ends))
        return queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameters to the OpenAPI schema."""
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": parameter.description,
                "schema": _schema_of(parameter.read),
            }
            for name, parameter in _all(view).items()
        ]


def _schema_of(read: Callable[[str], Any]) -> dict[str, Any]:
    if isinstance(read, OneOf):
        return SCHEMAS[word] | {"enum": list(read.choices)}
    return SCHEMAS.get(read, SCHEMAS[word])


def _all(view: Any) -> dict[str, Parameter]:
    """Return the view's parameters by name, those of its ranges too."""
    ranges = (each.parameters() for each in getattr(view, "ranges", ()))
    return getattr(view, "parameters", {}) | {name: each for one in ranges for name, each in one.items()}


def _end(request: Request, name: str, parameter: Parameter) -> float | None:
    text = request.query_params.get(name)
    return _value(name, parameter, text) if text else None


def _refuse_empty_ranges(request: Request, known: dict[str, Parameter]) -> None:
    """Refuse a `min_NAME` above its `max_NAME`, which nothing would match."""
    for lower in known:
        upper = lower.replace("min_", "max_", 1)
        if lower == upper or upper not in known:
            continue
        lowest, highest = (_end(request, name, known[name]) for name in (lower, upper))
        if lowest is not None and highest is not None and lowest > highest:
            raise ValidationError({lower: [f"{lower} is larger than {upper}."]})


def refuse_unknown(request: Request, known: Iterable[str]) -> None:
    """Refuse a misspelt query parameter, which would return everything."""
    if unknown := sorted(set(request.query_params) - {*known, *OF_PAGES}):
        message = f"There is no filter “{unknown[0]}” here. Filters: {', '.join(sorted(known)) or 'none'}."
        raise ValidationError({unknown[0]: [message]})


def _value(name: str, parameter: Parameter, text: str) -> Any:
    try:
        return parameter.read(text)
    except ValueError as error:
        raise ValidationError({name: [f"“{text}” is not valid here. Expected: {parameter.description}."]}) from error


class Rows(viewsets.GenericViewSet[Any]):
    """Rows in pages, newest first or in one of `orderings`, filtered by `parameters` and `ranges`."""

    lookup_value_regex = "[0-9]+"
    permission_classes = [IsAuthenticated]
    pagination_class: type[Newest] | None = Newest
    filter_backends = [ByParameters]
    parameters: ClassVar[dict[str, Parameter]] = {}
    ranges: ClassVar[tuple[Range, ...]] = ()
    orderings: ClassVar[dict[str, str]] = {}


class PublicRows(Rows, viewsets.ReadOnlyModelViewSet[Any]):
    """Rows that anyone can read."""

    lookup_value_regex = r"[-\w]+"
    permission_classes = [AllowAny]


class SurveyRows(Rows, viewsets.ReadOnlyModelViewSet[Any]):
    """Rows of the surveys in which the user holds `role`.

    A list contains only those rows; a single row of another survey is refused, and so is every action on it.
    """

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
