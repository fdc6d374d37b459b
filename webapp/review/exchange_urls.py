from django.urls import path

from webapp.review.views import imports
from webapp.review.views.exchange import exchange, exchange_workflow, export

urlpatterns = [
    path("", exchange, name="exchange"),
    path("<slug:workflow>/", exchange_workflow, name="exchange-workflow"),
    path("<slug:workflow>/export/<str:name>", export, name="export"),
    path("<slug:workflow>/import/", imports.upload, name="import-upload"),
    path("<slug:workflow>/import/<str:token>/look/", imports.look_into, name="import-look"),
    path("<slug:workflow>/import/<str:token>/start/", imports.start, name="import-start"),
    path("<slug:workflow>/imports/<int:pk>/", imports.import_run, name="import-run"),
    path("<slug:workflow>/imports/<int:pk>/progress/", imports.import_progress, name="import-progress"),
    path("<slug:workflow>/imports/<int:pk>/cancel/", imports.import_cancel, name="import-cancel"),
]
