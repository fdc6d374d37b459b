from django.urls import include, path

from webapp.archive.views.subjects import subject, subjects

urlpatterns = [
    path("surveys/<slug:slug>/", subjects, name="subjects"),
    path("surveys/<slug:slug>/subjects/<int:pk>/", subject, name="subject"),
    path("pixels/", include("webapp.archive.urls_pixels")),
]
