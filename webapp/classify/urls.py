from django.urls import path

from webapp.classify.home import home
from webapp.classify.project import project, project_version
from webapp.classify.views import classify, figures

urlpatterns = [
    path("", home, name="home"),
    path("surveys/<slug:slug>/project/", project, name="project"),
    path("surveys/<slug:slug>/story/<int:number>/", project_version, name="project-version"),
    path("surveys/<slug:slug>/figures/", figures, name="figures"),
    path("classify/<slug:slug>/", classify, name="classify"),
]
