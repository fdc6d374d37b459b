from django.urls import include, path

from webapp.consensus.views.leave import leave
from webapp.consensus.views.skill import skill
from webapp.core.i18n import Texts

urlpatterns = [
    path("texts/<slug:language>/<slug:version>.js", Texts.as_view(), name="texts"),
    path("accounts/", include("allauth.urls")),
    path("api/", include("webapp.api.urls")),
    path("", include("webapp.archive.urls")),
    path("", include("webapp.volunteers.urls")),
    path("", include("webapp.community.urls")),
    path("you/leave/", leave, name="leave"),
    path("skill/", skill, name="skill"),
    path("surveys/<slug:slug>/training/", include("webapp.consensus.training_urls")),
    path("surveys/<slug:slug>/trust/", include("webapp.consensus.trust_urls")),
    path("surveys/<slug:slug>/workflows/", include("webapp.consensus.urls")),
    path("surveys/<slug:slug>/learning/", include("webapp.learning.urls")),
    path("surveys/<slug:slug>/consensus/", include("webapp.review.consensus_urls")),
    path("surveys/<slug:slug>/review/", include("webapp.review.urls")),
    path("surveys/<slug:slug>/exchange/", include("webapp.review.exchange_urls")),
]
