"""Multi-touch gestures, through Chromium's own protocol: Playwright knows only taps."""

STEPS = 5


def swipe(page, *fingers):
    """Move several fingers at once, each from one (x, y) to another."""
    client = page.context.new_cdp_session(page)
    for step in range(STEPS + 1):
        points = [
            {"x": x1 + (x2 - x1) * step / STEPS, "y": y1 + (y2 - y1) * step / STEPS, "id": finger}
            for finger, ((x1, y1), (x2, y2)) in enumerate(fingers)
        ]
        kind = "touchStart" if step == 0 else "touchMove"
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    client.detach()
