from django.apps import AppConfig


class ConsensusConfig(AppConfig):
    name = "webapp.consensus"
    label = "consensus"
