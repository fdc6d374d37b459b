from webapp.review.models.ruling import Ruling, Verdict

__all__ = ["Ruling", "Verdict"]
