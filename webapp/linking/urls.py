from django.urls import path

from webapp.linking.views import linking, linking_decide, linking_reopen, linking_start, linking_take_back

urlpatterns = [
    path("", linking, name="linking"),
    path("start/", linking_start, name="linking-start"),
    path("decide/", linking_decide, name="linking-decide"),
    path("<int:pk>/reopen/", linking_reopen, name="linking-reopen"),
    path("<int:pk>/take-back/", linking_take_back, name="linking-take-back"),
]
