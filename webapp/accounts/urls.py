from django.urls import path

from webapp.accounts.site_users_views import (
    invitation,
    invitation_end,
    invitation_new,
    site_user,
    site_user_act,
    site_user_erase,
    site_user_reset,
    site_user_role,
    site_users,
)
from webapp.accounts.token_views import api_token_revoke, api_tokens
from webapp.accounts.views import choose_language, leave, own_data, profile

urlpatterns = [
    path("language/", choose_language, name="set_language"),
    path("you/", profile, name="profile"),
    path("you/data/", own_data, name="own-data"),
    path("you/tokens/", api_tokens, name="api-tokens"),
    path("you/tokens/<int:pk>/revoke/", api_token_revoke, name="api-token-revoke"),
    path("you/leave/", leave, name="leave"),
    path("users/", site_users, name="site-users"),
    path("users/invite/", invitation_new, name="invitation-new"),
    path("users/invitations/<int:pk>/end/", invitation_end, name="invitation-end"),
    path("users/<int:pk>/", site_user, name="site-user"),
    path("users/<int:pk>/reset/", site_user_reset, name="site-user-reset"),
    path("users/<int:pk>/role/", site_user_role, name="site-user-role"),
    path("users/<int:pk>/erase/", site_user_erase, name="site-user-erase"),
    path("users/<int:pk>/<slug:act>/", site_user_act, name="site-user-act"),
    path("invitation/<str:token>/", invitation, name="invitation"),
]
