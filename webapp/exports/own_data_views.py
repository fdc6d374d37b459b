"""Download of one's own data."""

from django.http import FileResponse, HttpRequest
from django.views.decorators.http import require_POST

from webapp.community.person import volunteer_who_acts
from webapp.exports.own_data import export_own_data


@require_POST
def own_data_export(request: HttpRequest) -> FileResponse:
    file = export_own_data(volunteer_who_acts(request))
    response = FileResponse(file, as_attachment=True, filename="wanderers-my-data.zip", content_type="application/zip")
    response["Cache-Control"] = "no-store"
    return response
