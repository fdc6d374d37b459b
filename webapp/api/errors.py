"""What the domain refuses, as HTTP says it."""

from rest_framework import status
from rest_framework.exceptions import APIException


class Conflict(APIException):
    """The request was understood, but what it found does not allow it."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This cannot be done now."
    default_code = "conflict"
