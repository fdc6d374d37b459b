from django.urls import path

from webapp.community import collection_views as collected
from webapp.community.activity_views import certificate, statistics
from webapp.community.collection_views import favourites, heart, recents
from webapp.community.moderation_views import comment_report, moderation, moderation_lift, moderation_settle
from webapp.community.talk_views import (
    comment_bring_back,
    comment_edit,
    comment_new,
    comment_remove,
    notifications,
    notifications_read,
    talk_index,
)

urlpatterns = [
    path("you/recent/", recents, name="recents"),
    path("you/favourites/", favourites, name="favourites"),
    path("you/favourites/<int:subject>/", heart, name="heart"),
    path("you/statistics/", statistics, name="statistics"),
    path("you/certificate.pdf", certificate, name="certificate"),
    path("you/news/", notifications, name="notifications"),
    path("you/news/read/", notifications_read, name="notifications-read"),
    path("you/collections/", collected.collections, name="collections"),
    path("you/collections/add/", collected.collection_add, name="collection-add"),
    path("collections/<int:pk>/", collected.collection, name="collection"),
    path("collections/<int:pk>/change/", collected.collection_change, name="collection-change"),
    path("collections/<int:pk>/delete/", collected.collection_delete, name="collection-delete"),
    path("collections/<int:pk>/remove/<int:subject>/", collected.collection_remove, name="collection-remove"),
    path("talk/about/<int:subject>/", comment_new, name="comment-new"),
    path("talk/<int:pk>/edit/", comment_edit, name="comment-edit"),
    path("talk/<int:pk>/remove/", comment_remove, name="comment-remove"),
    path("talk/<int:pk>/bring-back/", comment_bring_back, name="comment-bring-back"),
    path("talk/<int:pk>/report/", comment_report, name="comment-report"),
    path("surveys/<slug:slug>/talk/", talk_index, name="talk"),
    path("surveys/<slug:slug>/moderation/", moderation, name="moderation"),
    path("surveys/<slug:slug>/moderation/<int:pk>/settle/", moderation_settle, name="moderation-settle"),
    path("surveys/<slug:slug>/moderation/<int:pk>/lift/", moderation_lift, name="moderation-lift"),
]
