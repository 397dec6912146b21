"""A file in any declared layout -> the call record. docs/layouts.md says how a layout is declared."""

from misuse.sources.check import CheckReport, check, unsupported_figures, unsupported_safeguards
from misuse.sources.draft import draft
from misuse.sources.layout import Layout, built_in, doubt_codes, load_layout, misuse_codes, source_names
from misuse.sources.parse import Keying
from misuse.sources.plain import refuse_pipe
from misuse.sources.reading import SourceRead, premises_advice, read, version_advice
from misuse.sources.shapes import no_place_words

__all__ = [
    "CheckReport",
    "Keying",
    "Layout",
    "SourceRead",
    "built_in",
    "check",
    "doubt_codes",
    "draft",
    "load_layout",
    "misuse_codes",
    "no_place_words",
    "premises_advice",
    "read",
    "refuse_pipe",
    "source_names",
    "unsupported_figures",
    "unsupported_safeguards",
    "version_advice",
]
