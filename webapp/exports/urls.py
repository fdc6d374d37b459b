from django.urls import path

from webapp.exports.own_data_views import own_data_export, site_user_data

urlpatterns = [
    path("you/data/export/", own_data_export, name="own-data-export"),
    path("users/<int:pk>/data.zip", site_user_data, name="site-user-data"),
]
