"""What lies in the inbox, read from its folders alone: the files a run takes, and what no run would ever look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from misuse import wording
from misuse.settings import Settings

TAKEN = "taken"  # in each source's folder: what went in
_HALF_TRANSFERRED = frozenset({".part", ".tmp", ".filepart"})


def files(settings: Settings) -> list[tuple[str, Path]]:
    """Source and path of every file waiting, in name order; hidden and half-transferred names are passed over."""
    return [
        (folder.name, path) for folder in _folders(settings) for path in sorted(folder.iterdir()) if _is_whole(path)
    ]


def beside_folders(settings: Settings) -> list[Path]:
    """What lies beside the folders of the sources, where no run looks."""
    found = settings.inbox_path.iterdir() if settings.inbox_path.is_dir() else ()
    return sorted(path for path in found if not path.is_dir() and not path.name.startswith("."))


def passed_over(settings: Settings) -> Iterator[tuple[str, str]]:
    """What in a source's folder is no file, so that no run takes it: each in a sentence, and what to do."""
    for path, what in _no_files(settings):
        name = wording.without_telephone_numbers(path.name)
        yield f"{path.parent.name}/{name} is {what}, which no run takes", f"move its files up into {path.parent}/"


def unnumbered(path: Path) -> Path:
    """The file under a name without the telephone number that it had in it; itself where there was none.

    A file's name goes on into records, messages and the folder of what was taken. Errors: OSError.
    """
    name = wording.without_telephone_numbers(path.name)
    if name == path.name:
        return path
    target, n = path.with_name(name), 2
    while target.exists():
        target, n = path.with_name(f"{Path(name).stem}-{n}{path.suffix}"), n + 1
    return path.rename(target)


def _no_files(settings: Settings) -> Iterator[tuple[Path, str]]:
    for folder in _folders(settings):
        for path in sorted(folder.iterdir()):
            if path.name == TAKEN or path.is_file() or _is_unready(path):
                continue
            if path.is_dir():
                if any(not _is_unready(inside) and not inside.is_dir() for inside in path.rglob("*")):
                    yield path, "a folder with files in it"
            elif path.is_symlink():
                yield path, "a link to a file that is not there"
            else:
                yield path, "no file but a pipe or a device"


def _folders(settings: Settings) -> list[Path]:
    return (
        sorted(path for path in settings.inbox_path.iterdir() if path.is_dir()) if settings.inbox_path.is_dir() else []
    )


def _is_unready(path: Path) -> bool:
    return path.name.startswith(".") or path.suffix in _HALF_TRANSFERRED


def _is_whole(path: Path) -> bool:
    return path.is_file() and not _is_unready(path)
