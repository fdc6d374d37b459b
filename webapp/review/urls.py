from django.urls import path

from webapp.review.views.desk import desk, give_verdict, withdraw

urlpatterns = [
    path("", desk, name="review"),
    path("<slug:workflow>/<int:pk>/rule/", give_verdict, name="rule"),
    path("<slug:workflow>/<int:pk>/withdraw/", withdraw, name="withdraw"),
]
