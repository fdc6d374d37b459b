"""Names of synthetic subjects: in the manner of the survey's own, so that a name gives no answer away."""

import hashlib
import re

FEWEST_DIGITS = 4


def name_like(name: str, seed: int) -> str:
    """Return a name of the same form as another, with other digits; always the same one for the same seed.

    Names with too few digits to be told apart by them get some more at their end.
    """
    number = int.from_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=16).digest(), "big")
    digits = reversed(str(number).zfill(40))  # the first ones are mostly zeros
    last = list(re.finditer(r"[0-9]+", name))[-1:]
    if last and len(last[0].group()) >= FEWEST_DIGITS:
        begin, end = last[0].span()
        begin = max(begin, end - FEWEST_DIGITS)  # those before tell the night or the field
        return name[:begin] + "".join(next(digits) for _ in range(end - begin)) + name[end:]
    return f"{name[:190]}-{''.join(next(digits) for _ in range(6))}"
