"""Follow a page of the docs: run its commands, fill in its fields and press its buttons, as they are written there."""

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator, Page

from tests.prepared import ROOT

FIELD = re.compile(r"^- \*\*(.+?)\*\*: `(.+?)`$", re.MULTILINE)
BLOCK = re.compile(r"^```\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Section:
    """One section of the page: what a reader is told to run, fill in and press there."""

    def __init__(self, page: str, title: str) -> None:
        text = (ROOT / "docs" / page).read_text()
        self.text = text.split(f"\n## {title}\n")[1].split("\n## ")[0]

    def commands(self) -> list[str]:
        return "".join(BLOCK.findall(self.text)).splitlines()

    def fill_in(self, page: Page) -> None:
        for label, value in FIELD.findall(self.text):
            page.get_by_label(label, exact=True).fill(value)

    def press(self, where: Page | Locator, name: str, role: Literal["link", "button"] = "link") -> None:
        """Click the first link or button that begins with these words, which the section prints in bold."""
        assert f"**{name}**" in self.text, f"The page doesn't mention **{name}**."
        where.get_by_role(role, name=re.compile(rf"^{re.escape(name)}\b")).first.click()


class Checkout:
    """A fresh checkout for the commands: this one's files, and a data folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.data = folder, folder / "var"
        folder.mkdir()
        for each in ROOT.iterdir():
            if each.name not in ("var", ".git"):
                (folder / each.name).symlink_to(each)
        not_ours = ("DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "WANDERERS_CACHE")
        inherited = {name: value for name, value in os.environ.items() if name not in not_ours}
        self.environment = inherited | {"WANDERERS_DATA": str(self.data), "PORT": str(port)}

    def run(self, command: str, seconds: float = 120) -> str:
        """Run one line of the page in a shell; return what it printed."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def leave_running(self, command: str) -> subprocess.Popen[bytes]:
        with (self.folder / "terminal").open("wb") as terminal:
            return subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
            )

    def interrupt(self, process: subprocess.Popen[bytes]) -> None:
        """Press Ctrl-C in the terminal of a program that was left running."""
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
