"""Who may do what outside a case's moves."""

from __future__ import annotations

from collections.abc import Mapping

from misuse.errors import Refused

# A local user of a machine on which no users have been named yet is an analyst.
ROLES = (
    "analyst",
    "reviewer",
    "chair",
    "authoriser",
    "borough",
    "health liaison",
    "auditor",
    "administrator",
    "pipeline",
)
DECIDERS = frozenset({"reviewer", "chair", "authoriser"})
LISTERS = DECIDERS | {"pipeline"}
NAMED = frozenset(ROLES) - {"pipeline"}

_WORKERS = DECIDERS | {"analyst"}
_READERS = _WORKERS | {"auditor"}
_CHAIRS = frozenset({"chair", "authoriser"})

PERMISSIONS: Mapping[str, frozenset[str]] = {
    "stop": NAMED,  # a stop protects: whoever sees the need may enter it
    "lift_stop": DECIDERS,
    "acknowledge_look": _WORKERS | {"health liaison"},
    "note": _WORKERS | {"borough", "health liaison"},
    "see_identity": DECIDERS | {"administrator"},
    "rotate_vault_key": frozenset({"administrator"}),
    "withdraw_batch": frozenset({"analyst", "reviewer", "administrator"}),
    # As a batch's withdrawal, it changes what all see.
    "move_pointer": frozenset({"analyst", "reviewer", "administrator"}),
    "override_rule": frozenset({"authoriser", "administrator"}),
    "freeze_list": LISTERS | {"analyst"},
    "change_users": frozenset({"administrator"}),
    "read_casebook": frozenset({"auditor", "administrator"}) | DECIDERS,
    "decide_link": DECIDERS,  # who is one person, and who is not
    "register_shared_line": _WORKERS,
    "record_safeguard_check": DECIDERS | {"administrator"},
    "train_model": _WORKERS | {"administrator"},
    "accept_model": frozenset({"authoriser", "administrator"}),
    "publish_callers": frozenset({"pipeline"}),
    "draw_coding_sample": _WORKERS | {"administrator"},
    "code_calls": _WORKERS,
    "dispose": frozenset({"administrator"}),  # what is past its time, with a certificate
    # Whoever keeps the machine holds the files that these commands show: a refusal here would be none. `misuse why` is recorded.
    "lists_by_command": _READERS | {"administrator"},
    "looks_by_command": _READERS | {"administrator", "health liaison"},
    "case_by_command": _READERS | {"administrator"},
    # The review room.
    "read_lists": _READERS,
    "read_looks": _READERS | {"health liaison"},
    "read_figures": NAMED - {"borough"},
    "read_process": NAMED,
    "read_case": _READERS,
    "open_calls": _WORKERS,
    "judge_call": _WORKERS,
    "prepare_case": _WORKERS,
    "read_evidence": DECIDERS | {"auditor"},
    "health_notes": frozenset({"health liaison"}),
    "report_into_case": frozenset({"pipeline"}),
    "set_terms": _CHAIRS,
    "hold_meeting": DECIDERS,
    "sign_minutes": _CHAIRS,
    "set_action": DECIDERS,
    "update_action": _WORKERS,
    "debrief": _WORKERS | {"borough"},
    "add_lesson": _WORKERS,
    "bid": DECIDERS | {"borough"},
    "decide_bid": _CHAIRS,
    "task_borough": DECIDERS,
    "read_tasking": _READERS | {"borough"},
    "answer_tasking": DECIDERS | {"borough"},  # by screen; or a reviewer, from the paper slip
    "escalate_tasking": DECIDERS | {"pipeline"},
    "disclose": _CHAIRS,
    "withhold_telling": frozenset({"authoriser"}),
    "make_pack": DECIDERS,
    "refer": DECIDERS,
    "read_referral": DECIDERS | {"health liaison", "auditor"},
    "answer_referral": frozenset({"health liaison"}),
    "export_list": _READERS,
    "receive_representation": _WORKERS | {"administrator"},
    "answer_representation": _CHAIRS,
    "correct_record": _CHAIRS | {"administrator"},
    "give_access": frozenset({"administrator", "authoriser"}),
    "delist": _CHAIRS,
    "read_rights": frozenset({"auditor", "administrator"}) | DECIDERS,
}


# Actions whose names are no verbs.
_IN_WORDS = {
    "lists_by_command": "read lists by command",
    "looks_by_command": "read the look list by command",
    "case_by_command": "read a case by command",
    "health_notes": "read or add health notes",
}


def may_do(action: str, role: str | None) -> bool:
    """Whether a role may do something outside a case."""
    return role in PERMISSIONS[action]


def check_may(action: str, role: str | None) -> None:
    """Errors: Refused naming the roles that may, and the command that gives one."""
    if may_do(action, role):
        return
    allowed = ", ".join(sorted(PERMISSIONS[action]))
    who = f"the role {role} may not" if role else "you have no role here, so you may not"
    raise Refused(
        f"{who} {_IN_WORDS.get(action) or action.replace('_', ' ')}; it takes one of: {allowed}",
        next_step="an administrator gives a role with: misuse users add NAME --role ROLE",
    )
