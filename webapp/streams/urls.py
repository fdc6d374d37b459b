from django.urls import path

from webapp.streams import views

urlpatterns = [
    path("", views.streams, name="streams"),
    path("now/", views.streams_now, name="streams-now"),
    path("<int:pk>/refused.csv", views.dead_letters, name="dead-letters"),
]
