"""What makes the site installable: its manifest, and the service worker that opens pages without a network."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

SKY = "#0d1015"
ICONS = {192: "any", 512: "any maskable"}


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    icons = [
        {"src": static(f"site/icon-{side}.png"), "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
        for side, purpose in ICONS.items()
    ]
    return JsonResponse(
        {
            "name": "Wanderers",
            "short_name": "Wanderers",
            "description": _("Volunteers and machines find asteroids together."),
            "start_url": reverse("home"),
            "scope": "/",
            "display": "standalone",
            "background_color": SKY,
            "theme_color": SKY,
            "icons": icons,
        },
        content_type="application/manifest+json",
    )


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """Serve the script from the root: a worker reaches no further up than its own address."""
    path = finders.find("site/service_worker.js")
    if not isinstance(path, str):
        raise Http404("The service worker is missing.")
    return HttpResponse(Path(path).read_bytes(), content_type="text/javascript; charset=utf-8")
