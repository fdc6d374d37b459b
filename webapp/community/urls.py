from django.urls import path

from webapp.community import collection_views as collected
from webapp.community import group_views as grouped
from webapp.community.activity_views import (
    certificate,
    shared_statistics,
    shared_statistics_csv,
    statistics,
    statistics_csv,
)
from webapp.community.favourite_views import favourites, heart, recents
from webapp.community.moderation_views import (
    appeal_answer,
    comment_report,
    moderation,
    moderation_lift,
    moderation_settle,
)
from webapp.community.safety_views import appeal_new, block_end, comment_block, safety
from webapp.community.tag_views import tag_set, tag_subject, tag_subjects, tags
from webapp.community.talk_index_views import board, boards_change, talk_index, thread, thread_change
from webapp.community.talk_views import (
    comment_edit,
    comment_history,
    comment_new,
    comment_picture,
    comment_remove,
    comment_restore,
    mail_stop,
    notifications,
    notifications_read,
)

urlpatterns = [
    path("you/recent/", recents, name="recents"),
    path("you/favourites/", favourites, name="favourites"),
    path("you/favourites/<int:subject>/", heart, name="heart"),
    path("you/safety/", safety, name="safety"),
    path("you/safety/appeal/<int:pk>/", appeal_new, name="appeal"),
    path("you/safety/unblock/<int:pk>/", block_end, name="block-end"),
    path("talk/<int:pk>/block/", comment_block, name="comment-block"),
    path("surveys/<slug:slug>/moderation/appeals/<int:pk>/", appeal_answer, name="appeal-answer"),
    path("you/statistics/", statistics, name="statistics"),
    path("you/statistics.csv", statistics_csv, name="statistics-csv"),
    path("statistics/", shared_statistics, name="shared-statistics"),
    path("statistics.csv", shared_statistics_csv, name="shared-statistics-csv"),
    path("surveys/<slug:slug>/statistics/", shared_statistics, name="shared-statistics"),
    path("surveys/<slug:slug>/statistics.csv", shared_statistics_csv, name="shared-statistics-csv"),
    path("you/groups/", grouped.groups, name="groups"),
    path("groups/<int:pk>/", grouped.group, name="group"),
    path("groups/<int:pk>/statistics.csv", grouped.group_csv, name="group-csv"),
    path("groups/<int:pk>/change/", grouped.group_change, name="group-change"),
    path("groups/<int:pk>/delete/", grouped.group_delete, name="group-delete"),
    path("groups/<int:pk>/leave/", grouped.group_leave, name="group-leave"),
    path("groups/join/<str:token>/", grouped.group_join, name="group-join"),
    path("you/certificate.pdf", certificate, name="certificate"),
    path("you/news/", notifications, name="notifications"),
    path("you/news/read/", notifications_read, name="notifications-read"),
    path("mail/stop/<str:token>/", mail_stop, name="mail-stop"),
    path("you/collections/", collected.collections, name="collections"),
    path("you/collections/add/", collected.collection_add, name="collection-add"),
    path("collections/<int:pk>/", collected.collection, name="collection"),
    path("collections/<int:pk>/change/", collected.collection_change, name="collection-change"),
    path("collections/<int:pk>/delete/", collected.collection_delete, name="collection-delete"),
    path("collections/<int:pk>/editors/", collected.collection_editors, name="collection-editors"),
    path("collections/<int:pk>/set/", collected.collection_set, name="collection-set"),
    path("collections/<int:pk>/move/<int:subject>/", collected.collection_move, name="collection-move"),
    path("collections/<int:pk>/remove/<int:subject>/", collected.collection_remove, name="collection-remove"),
    path("talk/about/<int:subject>/", comment_new, name="comment-new"),
    path("talk/<int:pk>/edit/", comment_edit, name="comment-edit"),
    path("talk/<int:pk>/remove/", comment_remove, name="comment-remove"),
    path("talk/<int:pk>/restore/", comment_restore, name="comment-restore"),
    path("talk/<int:pk>/history/", comment_history, name="comment-history"),
    path("talk/<int:pk>/picture/<str:digest>", comment_picture, name="comment-picture"),
    path("talk/<int:pk>/report/", comment_report, name="comment-report"),
    path("surveys/<slug:slug>/talk/", talk_index, name="talk"),
    path("surveys/<slug:slug>/talk/boards/", boards_change, name="boards-change"),
    path("surveys/<slug:slug>/talk/boards/<int:pk>/", board, name="board"),
    path("surveys/<slug:slug>/talk/threads/<int:pk>/", thread, name="thread"),
    path("surveys/<slug:slug>/talk/threads/<int:pk>/change/", thread_change, name="thread-change"),
    path("talk/tag/<int:subject>/", tag_subject, name="tag-subject"),
    path("surveys/<slug:slug>/tags/", tags, name="tags"),
    path("surveys/<slug:slug>/tags/<str:name>/", tag_subjects, name="tag"),
    path("surveys/<slug:slug>/tags/<str:name>/set/", tag_set, name="tag-set"),
    path("surveys/<slug:slug>/moderation/", moderation, name="moderation"),
    path("surveys/<slug:slug>/moderation/<int:pk>/settle/", moderation_settle, name="moderation-settle"),
    path("surveys/<slug:slug>/moderation/<int:pk>/lift/", moderation_lift, name="moderation-lift"),
]
