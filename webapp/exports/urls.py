from django.urls import path

from webapp.exports.own_data_views import own_data_export

urlpatterns = [
    path("you/data/export/", own_data_export, name="own-data-export"),
]
