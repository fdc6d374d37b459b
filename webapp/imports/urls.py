from django.urls import path

from webapp.imports import views
from webapp.imports.bundle_views import bundle, bundle_import
from webapp.imports.views import catalogue, exchange, exchange_workflow, export

urlpatterns = [
    path("", exchange, name="exchange"),
    path("bundle.zip", bundle, name="bundle"),
    path("bundle.zip/import/", bundle_import, name="bundle-import"),
    path("candidates.<str:suffix>", catalogue, name="catalogue"),
    path("<slug:workflow>/", exchange_workflow, name="exchange-workflow"),
    path("<slug:workflow>/export/<str:name>", export, name="export"),
    path("<slug:workflow>/import/", views.upload, name="import-upload"),
    path("<slug:workflow>/import/<str:token>/inspect/", views.inspect_upload, name="import-inspect"),
    path("<slug:workflow>/import/<str:token>/start/", views.start, name="import-start"),
    path("<slug:workflow>/imports/<int:pk>/", views.import_run, name="import-run"),
    path("<slug:workflow>/imports/<int:pk>/progress/", views.import_progress, name="import-progress"),
    path("<slug:workflow>/imports/<int:pk>/cancel/", views.import_cancel, name="import-cancel"),
]
