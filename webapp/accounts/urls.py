from django.urls import path

from webapp.accounts.views import choose_language, leave, own_data, own_data_export, profile

urlpatterns = [
    path("language/", choose_language, name="set_language"),
    path("you/", profile, name="profile"),
    path("you/data/", own_data, name="own-data"),
    path("you/data/export/", own_data_export, name="own-data-export"),
    path("you/leave/", leave, name="leave"),
]
