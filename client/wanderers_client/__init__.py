"""Wanderers' API for Python: tables are pandas', positions and images astropy's.

>>> site = Wanderers("https://wanderers.example.org", token="…")  # doctest: +SKIP
>>> site.consensus("atlas", min_posterior=0.9)  # doctest: +SKIP
"""

from wanderers_client.connection import Refused
from wanderers_client.site import Wanderers, positions

__all__ = ["Refused", "Wanderers", "positions"]
