from webapp.consensus.models.aggregation import AggregatedPosterior, Aggregation
from webapp.consensus.models.consensus import Consensus, RetiredReason
from webapp.consensus.models.injection import Injection, Shape
from webapp.consensus.models.recount import Recount
from webapp.consensus.models.skill import Skill
from webapp.consensus.models.trust_flag import FlagState, TrustFlag, TrustScan

__all__ = [
    "AggregatedPosterior",
    "Aggregation",
    "Consensus",
    "FlagState",
    "Injection",
    "Recount",
    "RetiredReason",
    "Shape",
    "Skill",
    "TrustFlag",
    "TrustScan",
]
