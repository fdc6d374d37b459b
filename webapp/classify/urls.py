from django.urls import path

from webapp.classify.views import classify, figures, home

urlpatterns = [
    path("", home, name="home"),
    path("surveys/<slug:slug>/figures/", figures, name="figures"),
    path("classify/<slug:slug>/", classify, name="classify"),
]
