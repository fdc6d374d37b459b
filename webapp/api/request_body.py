"""Bodies of requests: a field that does not exist is refused, as an unknown filter is, instead of being ignored."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.utils.html import is_html_input

FORM_TOKEN = "csrfmiddlewaretoken"  # noqa: S105  # the field of a form's token, not a token
LONGEST_SHOWN = 100
NESTED = re.compile(r"[.\[]")
"""In a form, what follows the name of a field that holds others: `rulings[0]subject`."""


class RequestBody(serializers.Serializer[Any]):
    """Serializer of what a request sends."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values; refuse unknown fields first, which may be a misspelt one that matters."""
        if isinstance(data, dict):
            sent = {NESTED.split(name)[0] for name in data} - {FORM_TOKEN} if is_html_input(data) else set(data)
            known = [str(field.field_name) for field in self._writable_fields]
            if unknown := sent.difference(known):
                name = min(unknown)[:LONGEST_SHOWN].encode(errors="replace").decode()  # JSON may hold half a character
                message = f"There is no field “{name}” here. Fields: {', '.join(known) or 'none'}."
                raise serializers.ValidationError({name: [message]})
        return super().to_internal_value(data)


class RequestBodySchema(OpenApiSerializerExtension):
    """Says so in the OpenAPI schema."""

    target_class = RequestBody
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        """Return the usual schema, without other fields."""
        described = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return described | {"additionalProperties": False}


class EmptyBody(RequestBody):
    """Body of a request whose address says it all."""


def asked(serializer: type[RequestBody], request: Request, **options: Any) -> dict[str, Any]:
    """Return what a request asks for, validated; answer 400 for anything else."""
    filled = serializer(data=request.data, **options)
    filled.is_valid(raise_exception=True)
    return dict(filled.validated_data)
