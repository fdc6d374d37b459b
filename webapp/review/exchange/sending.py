"""An export as the answer to a request, sent while it is being made."""

from django.http import HttpRequest, StreamingHttpResponse

from webapp.review.exchange.exports import Export
from webapp.volunteers.models import Workflow


def site_address(request: HttpRequest) -> str:
    """Return the address of this site, without a slash at its end."""
    return request.build_absolute_uri("/").rstrip("/")


def file_response(request: HttpRequest, export: Export, workflow: Workflow) -> StreamingHttpResponse:
    """Send an export as a file to keep. It holds what people said, so no cache on the way may keep it."""
    parts = export.parts(workflow, site_address(request))
    response = StreamingHttpResponse(parts, content_type=export.content_type)
    response["Content-Disposition"] = f'attachment; filename="{export.filename(workflow)}"'
    response["Cache-Control"] = "no-store"
    return response
