"""Download of one's own data; an administrator downloads somebody's for them."""

from django.contrib.auth.models import User
from django.http import FileResponse, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from webapp.archive.access import site_admin_page
from webapp.community.person import volunteer_who_acts
from webapp.exports.own_data import export_own_data
from webapp.volunteers.identity import account_volunteer
from webapp.volunteers.models import Volunteer


@require_POST
def own_data_export(request: HttpRequest) -> FileResponse:
    return _download(volunteer_who_acts(request), "wanderers-my-data.zip")


@require_POST
@site_admin_page
def site_user_data(request: HttpRequest, pk: int) -> FileResponse:
    """Return the data of an account, for somebody who asks for them and can't sign in."""
    user = get_object_or_404(User, pk=pk)
    return _download(account_volunteer(user), f"wanderers-data-of-account-{pk}.zip")


def _download(volunteer: Volunteer, name: str) -> FileResponse:
    response = FileResponse(
        export_own_data(volunteer), as_attachment=True, filename=name, content_type="application/zip"
    )
    response["Cache-Control"] = "no-store"
    return response
