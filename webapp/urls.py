from django.urls import include, path

from webapp.accounts.views import sessions
from webapp.consensus.views import skill, skill_csv
from webapp.core.i18n import Texts
from webapp.core.installable import manifest, service_worker
from webapp.imports.bundle_views import survey_from_bundle

urlpatterns = [
    path("manifest.webmanifest", manifest, name="manifest"),
    path("service-worker.js", service_worker, name="service-worker"),
    path("texts/<slug:language>/<slug:version>.js", Texts.as_view(), name="texts"),
    path("accounts/sessions/", sessions, name="usersessions_list"),  # before allauth's, which asks for no password
    path("accounts/", include("allauth.urls")),
    path("api/", include("webapp.api.urls")),
    path("surveys/new/bundle/", survey_from_bundle, name="survey-from-bundle"),
    path("", include("webapp.archive.urls")),
    path("", include("webapp.classify.urls")),
    path("", include("webapp.guides.urls")),
    path("", include("webapp.accounts.urls")),
    path("", include("webapp.exports.urls")),
    path("", include("webapp.community.urls")),
    path("", include("webapp.operations.urls")),
    path("skill/", skill, name="skill"),
    path("skill/<slug:workflow>.csv", skill_csv, name="skill-csv"),
    path("surveys/<slug:slug>/training/", include("webapp.synthetics.urls")),
    path("surveys/<slug:slug>/known-objects/", include("webapp.known_objects.urls")),
    path("surveys/<slug:slug>/linking/", include("webapp.linking.urls")),
    path("surveys/<slug:slug>/reports/", include("webapp.reports.urls")),
    path("surveys/<slug:slug>/quality/", include("webapp.quality.urls")),
    path("surveys/<slug:slug>/workflows/", include("webapp.workflow_settings.urls")),
    path("surveys/<slug:slug>/learning/", include("webapp.learning.urls")),
    path("surveys/<slug:slug>/retention/", include("webapp.retention.urls")),
    path("surveys/<slug:slug>/streams/", include("webapp.streams.urls")),
    path("surveys/<slug:slug>/", include("webapp.review.urls")),
    path("surveys/<slug:slug>/", include("webapp.figures.urls")),
    path("surveys/<slug:slug>/exchange/", include("webapp.imports.urls")),
]

handler400 = "webapp.api.errors.bad_request"
handler403 = "webapp.api.errors.forbidden"
handler404 = "webapp.api.errors.not_found"
handler429 = "webapp.core.page_rates.too_many_requests"  # allauth's name
handler500 = "webapp.api.errors.server_error"
