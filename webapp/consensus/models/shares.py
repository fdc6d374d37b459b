"""What the votes of a consensus come to, as the database reckons it, in lists, filters and the indexes for them."""

from django.db.models import F, FloatField, Value
from django.db.models.functions import Cast, Coalesce, Greatest, NullIf

VOTES = F("votes_yes") + F("votes_no") + F("votes_unsure")
"""How many votes count."""


def _share(part: F | Greatest) -> Coalesce:
    return Coalesce(Cast(part, FloatField()) / NullIf(VOTES, Value(0)), Value(0.0), output_field=FloatField())


AGREEMENT = _share(Greatest("votes_yes", "votes_no", "votes_unsure"))
"""The share of the most common answer, unsure being one: 1/3 to 1, and 0 where nobody voted."""

UNSURE_SHARE = _share(F("votes_unsure"))
"""The share of unsure, 0 to 1."""
