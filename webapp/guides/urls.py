from django.urls import path

from webapp.guides import editor_views, views
from webapp.guides.project_page_views import project_page, project_publish
from webapp.guides.translation_views import translation, translations

urlpatterns = [
    path("surveys/<slug:slug>/story/", project_page, name="story"),
    path("surveys/<slug:slug>/story/<int:number>/publish/", project_publish, name="project-publish"),
    path("surveys/<slug:slug>/translations/", translations, name="translations"),
    path("surveys/<slug:slug>/translations/<slug:language>/", translation, name="translation"),
    path("classify/<slug:slug>/tutorial/", views.tutorial, name="tutorial"),
    path("classify/<slug:slug>/guide/", views.guide, name="field-guide"),
    path("classify/<slug:slug>/help/", views.help_text, name="help"),
    path("guide-images/<int:pk>/<str:digest>", views.image, name="guide-image"),
    path("surveys/<slug:slug>/guides/", editor_views.guides, name="guides"),
    path("surveys/<slug:slug>/guides/images/", editor_views.image_add, name="guide-image-add"),
    path("surveys/<slug:slug>/guides/preview/<slug:kind>/", editor_views.preview, name="guide-preview"),
    path("surveys/<slug:slug>/guides/<slug:kind>/<slug:language>/", editor_views.editor, name="guide-text"),
    path(
        "surveys/<slug:slug>/guides/<slug:kind>/<slug:language>/versions/<int:number>/",
        editor_views.version,
        name="guide-version",
    ),
    path(
        "surveys/<slug:slug>/guides/of/<slug:workflow>/<slug:kind>/<slug:language>/",
        editor_views.editor,
        name="guide-text-of",
    ),
    path(
        "surveys/<slug:slug>/guides/of/<slug:workflow>/<slug:kind>/<slug:language>/versions/<int:number>/",
        editor_views.version,
        name="guide-version-of",
    ),
]
