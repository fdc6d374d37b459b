"""Checks of a simulator's options, each by its name."""


def check_range(low: float, high: float, unit: str = "", **options: float) -> None:
    """Raise ValueError for an option that is outside of low to high (and a unit, " pixels"), or NaN."""
    for name, value in options.items():
        if not low <= value <= high:
            raise ValueError(f"{name} must lie between {low:g} and {high:g}{unit}, not {value}")


def check_count(n: int) -> None:
    """Raise ValueError for a number of subjects below 1."""
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
