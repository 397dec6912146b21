"""Who may open which page: by role, beside what `misuse.review` says of what may be done."""

from __future__ import annotations

from collections.abc import Mapping

from misuse import review

PUBLIC = "public"
SIGNED_IN = "signed in"

_EVERYBODY = frozenset(review.ROLES) - {"pipeline"}

# What review.PERMISSIONS does not name, since the casebook needs no word for it.
SEES: Mapping[str, frozenset[str]] = {
    "add_note": review.PERMISSIONS["note"] & review.PERMISSIONS["read_case"],  # on a case that one may read
    "debrief_meeting": review.PERMISSIONS["debrief"]
    & review.PERMISSIONS["read_lists"],  # a borough answers its tasking
    "make_moves": frozenset().union(*(move.roles for move in review.MOVES.values())) - {"pipeline"},
}


def roles(permission: str) -> frozenset[str]:
    """The roles that a permission is given to; every role where it takes only to be signed in."""
    if permission in (PUBLIC, SIGNED_IN):
        return _EVERYBODY
    return review.PERMISSIONS[permission] if permission in review.PERMISSIONS else SEES[permission]


def may(permission: str, role: str) -> bool:
    """Whether a role has a permission; nobody's role, the empty one, has only what is public."""
    return permission == PUBLIC or role in roles(permission)
