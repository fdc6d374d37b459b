from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import serializers

Row = TypeVar("Row", bound=Model)


class BySlug(serializers.SlugRelatedField[Row]):
    """A row named by its slug; what cannot be a slug names none, where the database would refuse to look for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="slug", **options)

    def to_internal_value(self, data: Any) -> Row:
        """Return the row, or fail as for one that is not there."""
        if not isinstance(data, str) or "\0" in data:
            self.fail("does_not_exist", slug_name="slug", value="…")
        return super().to_internal_value(data)
