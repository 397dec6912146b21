"""The pictures as files, and their book: each as SVG and PNG, made offline by vl-convert; what is not drawn says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from misuse.reports import plots
from misuse.reports.data import Pack
from misuse.reports.plots import Absent, Picture, drawing


@dataclass(frozen=True)
class Gallery:
    """The pictures with their SVG by name, and those that are not drawn."""

    pictures: tuple[Picture, ...]
    absent: tuple[Absent, ...]
    svg: Mapping[str, str]

    @property
    def words(self) -> dict[str, str]:
        """Each picture in words, for those who cannot see it; of one not drawn, why."""
        return {one.name: one.words for one in self.pictures} | {one.name: why(one) for one in self.absent}


def why(one: Absent) -> str:
    """Why a picture is not drawn, in a sentence."""
    return f"{one.title}: not drawn, since {one.why.rstrip('.')}."


def gallery(pack: Pack) -> Gallery:
    """Every picture of the run, each saying which run it is of, since it will travel alone."""
    found = plots.every(pack)
    pictures = tuple(one for one in found if isinstance(one, Picture))
    svg = {one.name: drawing.svg(drawing.specification(one, pack.stamp)) for one in pictures}
    return Gallery(pictures, tuple(one for one in found if isinstance(one, Absent)), svg)


def files(drawn: Gallery) -> dict[str, bytes]:
    """`charts/NAME.svg` and `charts/NAME.png`."""
    made: dict[str, bytes] = {}
    for name, text in drawn.svg.items():
        made[f"charts/{name}.svg"] = text.encode()
        made[f"charts/{name}.png"] = drawing.png(text)
    return made
