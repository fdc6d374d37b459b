"""What somebody says about themselves, and in which language the site speaks with them."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from webapp.community.forms import ProfileForm
from webapp.community.models import Profile
from webapp.community.person import account_page, profile_of
from webapp.community.speak import forget_language, speak


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def profile(request: HttpRequest, user: User) -> HttpResponseBase:
    form = ProfileForm(request.POST or None, instance=profile_of(user))
    if request.method != "POST" or not form.is_valid():
        return render(request, "community/profile.html", {"form": form}, status=400 if form.is_bound else 200)
    row = form.save()
    response = redirect("profile")
    with override(row.language or None):
        messages.success(request, _("Your profile is saved."))
    if row.language:
        speak(response, row.language)
    else:
        forget_language(response)
    return response


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Change the language of the site: this browser remembers it, and the account does."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        Profile.objects.update_or_create(user=request.user, defaults={"language": language})
    return set_language(request)
