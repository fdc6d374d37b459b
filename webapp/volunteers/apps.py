from django.apps import AppConfig


class VolunteersConfig(AppConfig):
    name = "webapp.volunteers"
    label = "volunteers"
