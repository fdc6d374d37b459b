from django.urls import path

from webapp.review.views.exchange import exchange, exchange_workflow, export

urlpatterns = [
    path("", exchange, name="exchange"),
    path("<slug:workflow>/", exchange_workflow, name="exchange-workflow"),
    path("<slug:workflow>/export/<str:name>", export, name="export"),
]
