"""Stream columns of fixed width out of the database, as many bytes a row as they have."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

HEADER, TRAILER = 19, 2


def copy_out(query: str, fields: Sequence[tuple[str, str]], parameters: Mapping[str, Any]) -> NDArray[np.void]:
    """Return the rows of a SELECT as a structured array.

    Parameters
    ----------
    query
        Its columns are of the types of `fields`, in their order, and never null.
    fields
        Names and big-endian numpy types: (">i8" for bigint, ">i2" for smallint, ">f8" for double precision).
    parameters
        Of the query, by name.
    """
    pairs = (pair for name, kind in fields for pair in ((f"{name}_length", ">i4"), (name, kind)))
    row = np.dtype([("fields", ">i2"), *pairs])
    stream = io.BytesIO()
    connection.ensure_connection()
    statement = f"COPY ({query}) TO STDOUT (FORMAT binary)"
    with connection.connection.cursor().copy(statement, parameters) as copy:
        for part in copy:
            stream.write(part)
    size = stream.getbuffer().nbytes - HEADER - TRAILER
    return np.frombuffer(stream.getbuffer(), dtype=row, count=size // row.itemsize, offset=HEADER)
