from django.urls import path

from webapp.volunteers.views.classify import classify
from webapp.volunteers.views.home import figures, home

urlpatterns = [
    path("", home, name="home"),
    path("surveys/<slug:slug>/figures/", figures, name="figures"),
    path("classify/<slug:slug>/", classify, name="classify"),
]
