"""Files of what a page shows: a filter that the page would mark as wrong is refused, since a file could not say so."""

from django.core.exceptions import BadRequest
from django.forms import Form

from ml.io.message import Message


def refuse_errors(filters: Form) -> None:
    """Raise BadRequest naming the filters that the form does not accept."""
    if filters.errors:
        bad = ", ".join(str(field.label) for field in filters if field.errors)
        raise BadRequest(Message("There is no file for this address, which has bad values for: %(names)s.", names=bad))
