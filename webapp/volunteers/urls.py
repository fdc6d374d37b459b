from django.urls import path

from webapp.volunteers.views import guide, guide_editor
from webapp.volunteers.views.classify import classify
from webapp.volunteers.views.home import figures, home

urlpatterns = [
    path("", home, name="home"),
    path("surveys/<slug:slug>/figures/", figures, name="figures"),
    path("classify/<slug:slug>/", classify, name="classify"),
    path("classify/<slug:slug>/tutorial/", guide.tutorial, name="tutorial"),
    path("classify/<slug:slug>/guide/", guide.guide, name="field-guide"),
    path("classify/<slug:slug>/help/", guide.help_text, name="help"),
    path("guide-images/<int:pk>/<str:digest>", guide.image, name="guide-image"),
    path("surveys/<slug:slug>/guides/", guide_editor.guides, name="guides"),
    path("surveys/<slug:slug>/guides/images/", guide_editor.image_add, name="guide-image-add"),
    path("surveys/<slug:slug>/guides/preview/<slug:kind>/", guide_editor.preview, name="guide-preview"),
    path("surveys/<slug:slug>/guides/<slug:kind>/<slug:language>/", guide_editor.editor, name="guide-text"),
    path(
        "surveys/<slug:slug>/guides/<slug:kind>/<slug:language>/versions/<int:number>/",
        guide_editor.version,
        name="guide-version",
    ),
    path(
        "surveys/<slug:slug>/guides/of/<slug:workflow>/<slug:kind>/<slug:language>/",
        guide_editor.editor,
        name="guide-text-of",
    ),
    path(
        "surveys/<slug:slug>/guides/of/<slug:workflow>/<slug:kind>/<slug:language>/versions/<int:number>/",
        guide_editor.version,
        name="guide-version-of",
    ),
]
