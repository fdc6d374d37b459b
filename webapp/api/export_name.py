"""The names of exports in addresses: an address with another name leads nowhere."""

import re

from webapp.review.exchange.exports import EXPORTS


class ExportName:
    regex = "|".join(re.escape(name) for name in EXPORTS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
