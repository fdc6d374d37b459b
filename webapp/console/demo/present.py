"""What a demonstration shows at its end: tables and files, the site's address, three accounts."""

from pathlib import Path

from django.conf import settings
from rich.console import Console

from webapp.console.demo import report
from webapp.console.demo.accounts import make_accounts
from webapp.console.demo.report import Outcomes
from webapp.console.demo.stage import Stage


def publish(console: Console, name: str, seed: int, seconds: float, surveys: dict[str, Outcomes]) -> None:
    """Print a table for each survey, and save them as `name`.json with a plot beside it."""
    for survey, arms in surveys.items():
        console.print(report.table(survey, arms))
    paths = report.save(Path(settings.DATA), name, report.as_json(seed, seconds, surveys), surveys)
    console.print(f"{seconds:.0f} s. Saved: {', '.join(str(path) for path in paths)}", soft_wrap=True)


def show_accounts(console: Console, address: str, stages: list[Stage]) -> None:
    console.print(f"\nThe site: {address}/")
    for account in make_accounts([stage.survey for stage in stages]):
        console.print(f"  {account.role:<10} {account.name:<15} {account.password}", highlight=False)
