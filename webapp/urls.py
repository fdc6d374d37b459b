from django.urls import include, path
from django.views.i18n import JavaScriptCatalog

from webapp.consensus.views.skill import skill
from webapp.health import health

urlpatterns = [
    path("health/", health, name="health"),
    path("texts.js", JavaScriptCatalog.as_view(), name="javascript-catalog"),
    path("accounts/", include("allauth.urls")),
    path("api/", include("webapp.api.urls")),
    path("", include("webapp.archive.urls")),
    path("", include("webapp.volunteers.urls")),
    path("skill/", skill, name="skill"),
    path("surveys/<slug:slug>/training/", include("webapp.consensus.training_urls")),
    path("surveys/<slug:slug>/workflows/", include("webapp.consensus.urls")),
    path("surveys/<slug:slug>/learning/", include("webapp.learning.urls")),
    path("surveys/<slug:slug>/review/", include("webapp.review.urls")),
]
