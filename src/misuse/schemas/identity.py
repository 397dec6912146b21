"""Published relations of who is calling: numbers to callers, the links between them, and what changed."""

from __future__ import annotations

from misuse.schemas.relation import Relation, columns

CALLER_SPELLS = Relation(
    "caller_spells",
    "One row per number-holding spell (one holder's time with a number) or premises: whose it is.",
    ("spell_id",),
    columns("""
        spell_id | VARCHAR | stable pseudonym of one holder's time with a number; links and decisions speak of it
        caller_id | VARCHAR | the caller it is counted to: the strict level, what the program joins by itself and people confirmed
        standard_id | VARCHAR | the caller it would be if every suggestion more likely right than not were confirmed
        loose_id | VARCHAR | the caller it would be with every suggestion that the rest of the group does not speak against
        reach_id | VARCHAR | all that hard stops spread over: every link, suggestion and holder of one number, whatever was refused
        number_kind | VARCHAR | mobile, fixed, fixed_or_mobile, voip, freephone, international, unallocated, other; payphone where a marker or the register says that it is a kiosk; null of premises
        first_call_at | TIMESTAMP | first call of the spell, UTC
        last_call_at | TIMESTAMP | last call of the spell, UTC
        calls | BIGINT | calls of any kind in the spell
        split_reason | VARCHAR | why the number is somebody else's from here: subscriber (new details) or silence; null of its first spell
        identity_kind | VARCHAR | person, shared_line or premises
    """),
)

CALLER_LINKS = Relation(
    "caller_links",
    "One row per link between two number-holding spells: how sure it is that they are one person's.",
    ("spell_a", "spell_b"),
    columns("""
        spell_a | VARCHAR | the spell whose id comes first
        spell_b | VARCHAR | the other
        caller_a | VARCHAR | the caller of spell_a
        caller_b | VARCHAR | the caller of spell_b
        status | VARCHAR | automatic (the program joined them), suggested (a person may), confirmed (a person said the same; where the callers differ, another decision parts them), refused (a person said not the same)
        probability | DOUBLE | how likely the model holds it that they are one person's; null where it has not compared them
        weight | DOUBLE | the same as a match weight in bits; 0 is as likely as not
        reasons | VARCHAR[] | what agrees or differs, in words; never a value
    """),
)

CALLER_CHANGES = Relation(
    "caller_changes",
    "One row per change of who a caller is: merges, splits, aliases. A history of what runs published.",
    ("caller_id", "other_caller_id", "change", "run_id"),
    columns("""
        caller_id | VARCHAR | the caller as it is now
        other_caller_id | VARCHAR | an earlier id that resolves to it
        change | VARCHAR | merged (part of a larger caller now), split (several callers' now, a row for each), alias (the same caller, or one of its numbers alone) or passed (the id is another caller's now; caller_id is who had it in earlier runs)
        run_id | VARCHAR | the run that first published the caller as it is now
    """),
)
