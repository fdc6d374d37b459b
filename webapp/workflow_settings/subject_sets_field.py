"""Form field of a workflow's subject sets, each with its size."""

from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from webapp.archive.models import Kind

COUNTED = {
    Kind.STAMP: ngettext_lazy("%(n)s stamp", "%(n)s stamps", "size"),
    Kind.TRACKLET: ngettext_lazy("%(n)s tracklet", "%(n)s tracklets", "size"),
    Kind.CUTOUT: ngettext_lazy("%(n)s cutout", "%(n)s cutouts", "size"),
    Kind.CUBE: ngettext_lazy("%(n)s cube", "%(n)s cubes", "size"),
}


def _counted(kind: str, size: int) -> str:
    return COUNTED[Kind(kind)] % {"size": size, "n": intcomma(size)}


class SubjectSetsField(forms.ModelMultipleChoiceField):
    """Subject sets, labelled with their sizes."""

    widget = forms.CheckboxSelectMultiple
    sizes: dict[int, dict[str, int]]

    def label_from_instance(self, obj: Any) -> str:
        sizes = self.sizes.get(obj.pk)
        if not sizes:
            return _("%(name)s (empty)") % {"name": obj.name}
        return _("%(name)s (%(sizes)s)") % {"name": obj.name, "sizes": ", ".join(map(_counted, sizes, sizes.values()))}
