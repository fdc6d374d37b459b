from webapp.consensus.models.consensus import Consensus, RetiredReason
from webapp.consensus.models.recount import Recount
from webapp.consensus.models.skill import Skill

__all__ = ["Consensus", "Recount", "RetiredReason", "Skill"]
