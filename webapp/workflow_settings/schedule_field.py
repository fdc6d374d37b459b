"""Form field for the gold schedule: rows of classifications and rates."""

from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString

from webapp.workflows.gold_schedule import MOST_STEPS, Row, Schedule, as_rows, from_rows

FEWEST_ROWS = 5
SPARE_ROWS = 2


class ScheduleRows(forms.Widget):
    """One row of numbers per step, plus some empty rows."""

    use_fieldset = True

    def render(self, name: str, value: list[Row] | None, attrs: Any = None, renderer: Any = None) -> SafeString:
        rows = list(value or [])
        n_rows = min(MOST_STEPS, max(FEWEST_ROWS, len(rows) + SPARE_ROWS))
        rows += [Row("", "")] * (n_rows - len(rows))
        return render_to_string(
            "workflow_settings/schedule.html", {"name": name, "rows": rows, "id": (attrs or {}).get("id")}
        )

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Row]:
        sent = data if isinstance(data, MultiValueDict) else MultiValueDict(data)
        ends = sent.getlist(f"{name}_until")
        return [Row(fraction, end) for fraction, end in zip(sent.getlist(f"{name}_fraction"), ends, strict=False)]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}_fraction" not in data


class ScheduleField(forms.Field):
    """The gold schedule as rows of a form."""

    widget = ScheduleRows

    def prepare_value(self, value: Any) -> list[Row]:
        return value if _is_rows(value) else as_rows(value)

    def clean(self, value: list[Row]) -> Schedule:
        if not any(cell.strip() for row in value for cell in row):
            self.validate(None)
        return from_rows(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != [row for row in data if any(row)]


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Row) for each in value)
