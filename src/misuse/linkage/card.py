"""The model card's figures, as training left them."""

from __future__ import annotations

from misuse.linkage.model import Model


def card(model: Model) -> str:
    """What a model is and was trained on, as Markdown: counts and parameters, nobody's details."""
    return f"model {model.digest}"
