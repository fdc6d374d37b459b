from django.urls import path

from webapp.guides.views import editor, reader

urlpatterns = [
    path("classify/<slug:slug>/tutorial/", reader.tutorial, name="tutorial"),
    path("classify/<slug:slug>/guide/", reader.guide, name="field-guide"),
    path("classify/<slug:slug>/help/", reader.help_text, name="help"),
    path("guide-images/<int:pk>/<str:digest>", reader.image, name="guide-image"),
    path("surveys/<slug:slug>/guides/", editor.guides, name="guides"),
    path("surveys/<slug:slug>/guides/images/", editor.image_add, name="guide-image-add"),
    path("surveys/<slug:slug>/guides/preview/<slug:kind>/", editor.preview, name="guide-preview"),
    path("surveys/<slug:slug>/guides/<slug:kind>/<slug:language>/", editor.editor, name="guide-text"),
    path(
        "surveys/<slug:slug>/guides/<slug:kind>/<slug:language>/versions/<int:number>/",
        editor.version,
        name="guide-version",
    ),
    path(
        "surveys/<slug:slug>/guides/of/<slug:workflow>/<slug:kind>/<slug:language>/",
        editor.editor,
        name="guide-text-of",
    ),
    path(
        "surveys/<slug:slug>/guides/of/<slug:workflow>/<slug:kind>/<slug:language>/versions/<int:number>/",
        editor.version,
        name="guide-version-of",
    ),
]
