"""In processes that tests start, runs end at the published copy: see tests/unreported.py."""

import importlib.abc
import importlib.machinery
import sys

NAME = "misuse.pipeline"


class _Unreported(importlib.abc.MetaPathFinder):
    """Finds the real pipeline, and takes its reports from it once it is loaded."""

    def find_spec(self, name, path=None, target=None):
        if name != NAME:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            from tests.unreported import STEP

            module._STEPS["report"] = STEP

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Unreported())
