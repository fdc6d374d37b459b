from django.apps import AppConfig


class CommunityConfig(AppConfig):
    name = "webapp.community"
    label = "community"
