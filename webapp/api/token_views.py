"""API view that exchanges a name and password for a token, with limits on guessing."""

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.exceptions import NotAuthenticated, PermissionDenied, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.accounts.models import ApiToken
from webapp.accounts.tokens import digest_of, make_token
from webapp.api.defaults import AnonymousThrottle, VolunteerTokenAuthentication
from webapp.api.request_body import RequestBody
from webapp.core.rate_limits import Windows

log = logging.getLogger(__name__)


class GuessThrottle(AnonymousThrottle):
    """A rate limit against guessing passwords."""

    scope = "token"
    rate = "20/min"


class NameThrottle(Windows):
    """A rate limit per account from any address."""

    scope = "token-name"
    rate = "20/hour"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """Return one key for all spellings of an account's name."""
        asked = request.data if isinstance(request.data, Mapping) else {}
        name = str(asked.get("username", "")).strip().upper()  # case-insensitive, as in the database
        if not name:
            return None
        ident = hashlib.blake2b(name.encode(errors="replace"), digest_size=16).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()


class NameAndPasswordSerializer(RequestBody, AuthTokenSerializer):
    """What a token is made for."""


class TokenView(APIView):
    """The API tokens of an account."""

    authentication_classes = [VolunteerTokenAuthentication, SessionAuthentication]
    permission_classes = [AllowAny]
    throttle_classes = [GuessThrottle, NameThrottle]

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return none for a new token: that takes the password. A token could otherwise renew itself forever."""
        makes_one = self.request is not None and self.request.method == "POST"  # none while the schema is made
        return [] if makes_one else super().get_authenticators()

    @extend_schema(request=NameAndPasswordSerializer, responses=TokenSerializer)
    def post(self, request: Request) -> Response:
        """Return a new token for a name and password. It cannot be read again."""
        return Response({"token": make_token(self._by_password(request))})

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Revoke the token that the request was sent with; all of the account's if it came from a session."""
        if not request.user.is_authenticated:
            raise NotAuthenticated
        tokens = ApiToken.objects.filter(user=request.user)
        (tokens.filter(digest=digest_of(str(request.auth))) if request.auth else tokens).delete()
        return Response(status=204)

    def _by_password(self, request: Request) -> Any:
        """Return the account of a name and password; log who was let in, or that somebody was not."""
        asked = NameAndPasswordSerializer(data=request.data, context={"request": request})
        if not asked.is_valid():
            get_adapter().authentication_failed(request._request)
            raise ValidationError(asked.errors)
        user = asked.validated_data["user"]
        if is_mfa_enabled(user):
            raise PermissionDenied("This account asks for a code too: make a token on the site, at /you/tokens/.")
        where = get_adapter().get_client_ip(request._request)
        log.info("Account %s signed in through the API from %s.", user.pk, where)
        return user
