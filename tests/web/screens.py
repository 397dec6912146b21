"""Pictures of every page with something on it, wide and narrow, to be looked at: `python -m tests.web.screens FOLDER`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.web import lived, rooms
from tests.web.chromium import NARROW, WIDE, Person, launched, served


def main(folder: Path) -> int:
    """Save them, named after their addresses."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        room = rooms.make(Path(home))
        named = lived.live(room)
        with served(room) as address, launched() as browser:
            people = {name: Person(browser, address, name) for name in lived.ROLES}
            for route, name in lived.readers():
                if route.is_export or route.path in ("/", "/sign-in"):
                    continue
                page = people[name].page
                page.goto(address + route.path.format(**named))
                for size in (WIDE, NARROW):
                    page.set_viewport_size(size)
                    page.screenshot(path=folder / f"{route.name.replace(':', '_')}_{size['width']}.png", full_page=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
