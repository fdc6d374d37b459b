"""One's own data, to take along."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from webapp.community.export import export
from webapp.community.person import volunteer_who_acts, volunteer_who_looks


@require_safe
def own_data(request: HttpRequest) -> HttpResponse:
    return render(request, "community/own_data.html", {"volunteer": volunteer_who_looks(request)})


@require_POST
def own_data_export(request: HttpRequest) -> FileResponse:
    file = export(volunteer_who_acts(request))
    response = FileResponse(file, as_attachment=True, filename="wanderers-my-data.zip", content_type="application/zip")
    response["Cache-Control"] = "no-store"
    return response
