from webapp.review.models.classification_import import ClassificationImport
from webapp.review.models.ruling import Ruling, Verdict

__all__ = ["ClassificationImport", "Ruling", "Verdict"]
