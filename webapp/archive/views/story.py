"""The survey's story, as the front page tells it; its scientists write it."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from webapp.archive.access import survey_page
from webapp.archive.models import Role, Survey


class StoryForm(forms.ModelForm):
    class Meta:
        model = Survey
        fields = ("story",)
        labels = {"story": gettext_lazy("Story")}
        help_texts = {
            "story": gettext_lazy(
                "In Markdown: what the survey looks at, why it needs people, and what becomes of what they find."
            )
        }
        widgets = {"story": forms.Textarea({"rows": 16})}


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.SCIENTIST)
def story(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Show the text and what it will look like; store it, or show it without storing where that is asked for."""
    is_preview = request.POST.get("act") == "preview"
    form = StoryForm(request.POST or None, instance=survey)
    if request.method == "POST" and form.is_valid() and not is_preview:
        form.save()
        messages.success(request, _("The story is saved; the front page tells it from now on."))
        return redirect("story", survey.slug)
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "archive/story.html", {"survey": survey, "form": form}, status=status)
