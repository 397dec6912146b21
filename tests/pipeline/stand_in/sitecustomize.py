"""Puts a pipeline of a few lines in the place of `misuse.pipeline`, in processes that the tests start.

It writes each call to home/steps.log. A file home/fail makes the second step raise an error that quotes a number.
"""

import importlib.abc
import importlib.machinery
import sys
import types
from pathlib import Path

NAME = "misuse.pipeline"
QUOTED = "07700 900123"


def _fill(module: types.ModuleType) -> None:
    from misuse import warehouse

    def note(settings, text):
        with (settings.home / "steps.log").open("a") as file:
            file.write(text + "\n")

    def step(settings, run_id, name, now):
        note(settings, f"{name} {run_id}")
        if name == "detect" and (Path(settings.home) / "fail").exists():
            raise ValueError(f"could not convert {QUOTED}")

    def begin(settings, as_of, now):
        note(settings, f"begin {as_of}")
        return "" if (Path(settings.home) / "nothing_new").exists() else "20260101-0a1b2c3d4e"

    module.writer = warehouse.writer
    module.STEPS = ("identify", "detect", "publish")
    module.take_inbox = lambda settings, now, actor: (note(settings, "take_inbox"), ([], []))[1]
    module.begin = begin
    module.step = step
    module.finish = lambda settings, run_id, now: note(settings, f"finish {run_id}")
    module.fail = lambda settings, run_id, error, now: note(settings, f"fail {run_id} {error}")
    module.freeze_list = lambda settings, now, actor: "20260101-0a1b2c3d4e"


class _StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == NAME else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        _fill(module)


sys.meta_path.insert(0, _StandIn())
