"""How many subjects the sets of a survey hold."""

from django.db.models import Count

from webapp.archive.models import Subject, Survey


def set_sizes(survey: Survey) -> dict[int, dict[str, int]]:
    """Return how many subjects of each kind a set holds, by the set's key; duplicates of others are not counted."""
    sizes: dict[int, dict[str, int]] = {}
    counted = Subject.objects.originals().filter(survey=survey).exclude(sets=None).values_list("sets", "kind")
    for subject_set, kind, count in counted.annotate(Count("pk")).order_by("sets", "kind"):
        sizes.setdefault(subject_set, {})[kind] = count
    return sizes
