"""What may be recorded, what its payload must hold, and what an actor's role must permit first."""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, tuple[str, ...]] = {
    "user_added": ("user", "role"),
    "user_changed": ("user", "role"),
    "stop_entered": ("reason", "is_urgent"),
    "stop_lifted": ("reason",),
    "case_opened": ("to",),
    "case_moved": ("move", "from", "to", "reason"),
    "note_added": ("note",),
    "look_acknowledged": (),
    "list_frozen": ("as_of", "digest", "eligible"),
    "identity_read": ("way", "reason"),
    "vault_key_rotated": ("reason",),  # never the key
    "sql_run": ("statement",),
    "batch_withdrawn": ("batch_id", "reason"),
    "run_published": ("as_of",),
    "retention_done": (),
    "rule_overridden": ("rule_id", "reason"),
    # Who is calling. Stops, looks and cases carry `spells` too: number-holding spells outlive a caller's id.
    "link_decided": ("decision", "spells_a", "spells_b", "reason"),
    "link_undone": ("event_id", "reason"),
    "shared_line_registered": ("lines", "reason"),
    "shared_line_removed": ("token", "reason"),
    "safeguard_checked": ("rule_id", "reason", "until"),
    "identity_model_trained": ("model_digest", "status"),
    "identity_model_accepted": ("model_digest", "reason"),
    "identity_model_rejected": ("model_digest", "reason"),
    "callers_published": ("sets",),
    "stops_published": ("stops",),
    # Calls coded again by two people blind to each other: misuse.casebook.coding.
    "coding_sample_drawn": ("sample", "coders", "calls", "seed", "reason"),
    "calls_coded": ("sample", "verdicts"),
    "calls_settled": ("sample", "verdicts"),
    "coding_sample_withdrawn": ("sample", "reason"),
    "coding_model_trained": ("document",),
    # The chain itself.
    "casebook_resealed": ("earlier_head",),
    "disposed": ("events", "reason"),
}

# What the actor's role must permit before an event of the kind is recorded. Kinds left out tell of what has
# happened already: whoever does it asks `permitted` first, and the record is never refused.
PERMISSION_OF_KIND: Mapping[str, str] = {
    "stop_entered": "stop",
    "stop_lifted": "lift_stop",
    "look_acknowledged": "acknowledge_look",
    "note_added": "note",
    "identity_read": "see_identity",
    "vault_key_rotated": "rotate_vault_key",
    "rule_overridden": "override_rule",
    "list_frozen": "freeze_list",
    "link_decided": "decide_link",
    "link_undone": "decide_link",
    "shared_line_registered": "register_shared_line",
    "shared_line_removed": "register_shared_line",
    "safeguard_checked": "record_safeguard_check",
    "identity_model_trained": "train_model",
    "identity_model_accepted": "accept_model",
    "identity_model_rejected": "accept_model",
    "callers_published": "publish_callers",
    "stops_published": "publish_callers",
    "coding_sample_drawn": "draw_coding_sample",
    "calls_coded": "code_calls",
    "calls_settled": "code_calls",
    "coding_sample_withdrawn": "draw_coding_sample",
    "coding_model_trained": "train_model",
}
# Recorded by methods of their own, which know the state they change.
OWN_METHOD = frozenset({"user_added", "user_changed", "case_opened", "case_moved", "casebook_resealed", "disposed"})
