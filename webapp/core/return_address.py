"""The page that a reader comes back to after they sign in, or choose another language."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def return_address(request: HttpRequest, default: str = "/") -> str:
    """Return this page's address; for a page that answers a form, that of the page of this site which sent it.

    `default` if that is not known. To open the address that a form is sent to would be refused.
    """
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    sent_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(sent_from, {request.get_host()}, require_https=request.is_secure())
    return urlsplit(sent_from)._replace(scheme="", netloc="").geturl() if is_ours else default
