"""Turn whatever a decoder stumbles on into a sentence."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ml.pixels.record import BadInput


@contextmanager
def decoding(complaint: str) -> Iterator[None]:
    """Run a library's decoder on data that may be damaged.

    Damaged data make decoders raise nearly anything: astropy alone was seen to raise thirteen kinds of error, down to
    AttributeError and MemoryError, when bytes of its files were changed at random. So all of them are caught here,
    and nothing but the decoder's own call belongs into this block.

    Parameters
    ----------
    complaint
        What to say, such as "cannot be decompressed".

    Raises
    ------
    BadInput
        The complaint, with the decoder's own words.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters is whether pixels come out
            yield
    except BadInput:
        raise
    except Exception as error:
        words = " ".join(str(error).split()) or type(error).__name__
        raise BadInput(f"{complaint} ({words[:200]}). Fetch or make it again.") from error
