"""Base class of views of rows that belong to an account, with the rules of the pages."""

from abc import ABC, abstractmethod
from typing import Any

from django.db.models import QuerySet

from webapp.api.row_views import Rows
from webapp.volunteers.identity import account_volunteer
from webapp.volunteers.models import Volunteer


class AccountRows(Rows, ABC):
    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that the account sees; without one, only the schema is being made."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return self.rows_of(account_volunteer(self.request.user))

    @abstractmethod
    def rows_of(self, volunteer: Volunteer) -> QuerySet[Any]:
        """Return the rows that a volunteer sees: a list's, or those that can be opened by their id."""
