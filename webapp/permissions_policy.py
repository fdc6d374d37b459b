"""No page of the site needs a camera, a microphone, or to know where its reader is: say so to the browser."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

UNUSED: tuple[str, ...] = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
)
UNUSED += ("midi", "payment", "serial", "usb", "xr-spatial-tracking")
POLICY = ", ".join(f"{name}=()" for name in UNUSED)
Answer = Callable[[HttpRequest], HttpResponseBase]


def permissions_policy(get_response: Answer) -> Answer:
    """Add the header to every answer."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", POLICY)
        return response

    return answer
