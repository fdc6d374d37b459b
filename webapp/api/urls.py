from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.authtoken.views import obtain_auth_token

from webapp.api.views.classifications import ClassificationsView, FollowUpView, UndoView
from webapp.api.views.next import NextView

app_name = "api"
urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api:schema"), name="docs"),
    path("token/", obtain_auth_token, name="token"),
    path("workflows/<slug:slug>/next/", NextView.as_view(), name="next"),
    path("classifications/", ClassificationsView.as_view(), name="classifications"),
    path("classifications/<uuid:pk>/undo/", UndoView.as_view(), name="undo"),
    path("classifications/<uuid:pk>/follow-up/", FollowUpView.as_view(), name="follow-up"),
]
