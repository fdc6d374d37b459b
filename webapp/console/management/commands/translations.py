from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from webapp.console.message_catalogs import SOURCES, compiled, gather, renew, translations


class Command(BaseCommand):
    help = "Collect the site's texts in locale/, compile the translations, and list missing ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail if something would change")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        texts = {domain: gather(domain) for domain in SOURCES}
        stale, missing = [], 0
        for each in translations():
            renewed = renew(each, texts[each.domain])
            if not each.po.exists() or each.po.read_bytes() != renewed:
                stale.append(each.name)
            if not check:
                each.po.parent.mkdir(parents=True, exist_ok=True)
                each.po.write_bytes(renewed)
                each.mo.write_bytes(compiled(each))
            elif not each.mo.exists() or each.mo.read_bytes() != compiled(each):
                stale.append(f"{each.name}, compiled")
            for text in each.missing():
                missing += 1
                self.stdout.write(f"{each.name}: {text!r} has no translation.")
        if check and (stale or missing):
            raise CommandError(
                f"Not up to date: {', '.join(sorted(set(stale))) or 'nothing'}; {missing} texts lack a "
                "translation. Run manage.py translations, fill in what is empty, and run it again."
            )
        self.stdout.write(f"{missing} texts lack a translation." if missing else "Everything is translated.")
