from django.urls import path

from webapp.archive.views import pixels
from webapp.archive.views.subjects import subject, subjects

urlpatterns = [
    path("surveys/<slug:slug>/", subjects, name="subjects"),
    path("surveys/<slug:slug>/subjects/<int:pk>/", subject, name="subject"),
    path("pixels/<int:subject>/<slug:checksum>.bin", pixels.numbers, name="pixels"),
    path("pixels/<int:subject>/<slug:checksum>.png", pixels.picture, name="picture"),
]
