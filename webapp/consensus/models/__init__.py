from webapp.consensus.models.aggregation import AggregatedPosterior, Aggregation
from webapp.consensus.models.consensus import Consensus, RetiredReason
from webapp.consensus.models.injection import Injection, Shape
from webapp.consensus.models.recount import Recount
from webapp.consensus.models.skill import Skill

__all__ = ["AggregatedPosterior", "Aggregation", "Consensus", "Injection", "Recount", "RetiredReason", "Shape", "Skill"]
