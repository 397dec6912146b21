"""The call record: what a layout maps to, and where each field is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Store = Literal["warehouse", "vault"]
Kind = Literal["text", "code", "time", "seconds", "integer", "date"]


@dataclass(frozen=True)
class Field:
    """One column of the call record: where it is kept and how a source's text becomes it."""

    name: str
    kind: Kind
    store: Store
    note: str


CALL_RECORD: tuple[Field, ...] = (
    Field("call_id", "text", "vault", "required; the source's own id, or composed; never from a number or name"),
    Field("received_at", "time", "warehouse", "required; when the call reached the service"),
    Field("answered_at", "time", "warehouse", "when a handler answered"),
    Field("ended_at", "time", "warehouse", "when the line was closed"),
    Field("talk_seconds", "seconds", "warehouse", "talk; derived from answered and ended where absent"),
    Field("wrap_seconds", "seconds", "warehouse", "work after the line closed"),
    Field("channel", "code", "warehouse", "999 (default), 101, text relay, other"),
    Field("cli", "text", "vault", "the calling line as presented"),
    Field("cli_status", "code", "warehouse", "presented, unavailable (reason)"),
    Field("subscriber_name", "text", "vault", "who holds the line"),
    Field("subscriber_address", "text", "vault", "where the line is"),
    Field("subscriber_postcode", "text", "vault", "the line's postcode"),
    Field("person_name", "text", "vault", "who the caller said they were"),
    Field("birth_date", "text", "vault", "the caller's date of birth, as text"),
    Field("opening_code", "code", "warehouse", "what the call seemed to be"),
    Field("closing_code", "code", "warehouse", "what it was found to be; decides misuse"),
    Field("qualifiers", "code", "warehouse", "codes that qualify it, separated by ; or |"),
    Field("result_code", "code", "warehouse", "what came of it; may contradict a misuse code"),
    Field("grade", "code", "warehouse", "I, S, E or R, of the incident"),
    Field("borough", "code", "warehouse", "the incident's borough, not the caller's home"),
    Field("ward", "code", "warehouse", "the incident's ward"),
    Field("incident_location", "text", "vault", "where the incident was"),
    Field("incident_ref", "text", "vault", "the CAD reference"),
    Field("linked_ref", "text", "vault", "a linked or duplicate CAD reference"),
    Field("handler_ref", "text", "vault", "who answered"),
    Field("units_assigned", "integer", "warehouse", "units sent"),
    Field("unit_seconds", "seconds", "warehouse", "time of all units together, assigned to cleared"),
    Field("first_assigned_at", "time", "warehouse", "when the first unit was assigned"),
    Field("arrived_at", "time", "warehouse", "when the first unit arrived"),
    Field("markers", "code", "vault", "warning markers, separated by ; or |"),
    Field("remarks", "text", "vault", "free text"),
    Field("recording_ref", "text", "vault", "the recording of the call"),
)

# What a layout may name besides the call record.
VERSION_FIELD = Field("version", "text", "warehouse", "which of several rows of one call is the latest")
PREMISES_FIELD = Field(
    "premises", "text", "vault", "an address or other column as the caller's key, where no number is"
)

# Never composed into a call id, since a call id must not tell who called.
IDENTIFYING_FIELDS = frozenset(
    {
        "cli",
        "subscriber_name",
        "subscriber_address",
        "subscriber_postcode",
        "person_name",
        "birth_date",
        "incident_location",
        "remarks",
        "premises",
    }
)
