"""Published relations of coding error: what a second look at a sample of calls says of codes and callers."""

from __future__ import annotations

from misuse.schemas.relation import Relation, columns

CODE_ERROR_RATES = Relation(
    "code_error_rates",
    "One row per code, kind and side of the headline window's calls: how many of them truly are misuse, by calls coded again; empty without a finished sample, or where one says nothing of the calls coded misuse or of those coded otherwise.",
    ("is_frequent", "kind", "stratum"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        is_frequent | BOOLEAN | calls of persons with at least threshold calls of any kind, none of them stopped; else everybody else's
        kind | VARCHAR | misuse (coded so), doubtful (coded so, but in doubt), other (coded otherwise)
        stratum | VARCHAR | the code; why it is doubtful; '(other codes)' for rare ones together; '(any code)'
        calls | BIGINT | calls of the headline window and channel, not stopped; nought where only verdicts are left of a code
        coded_again | BIGINT | of them drawn and coded by two people blind to each other
        found_misuse | BIGINT | of those misuse, both saying so or a third person settling it
        unsettled | BIGINT | of those the coders differ and nobody has settled it yet
        cannot_tell | BIGINT | drawn, but nobody could tell; left out of coded_again
        misuse_share | DOUBLE | share of the calls that truly are misuse: posterior mean; null for doubtful calls on which there is no verdict
        low | DOUBLE | lower end of its 95% interval
        high | DOUBLE | upper end of its 95% interval
    """),
)

CALLER_CHANCES = Relation(
    "caller_chances",
    "One row per person with at least threshold unstopped calls of any kind in the headline window: how many truly are misuse; empty where code_error_rates is.",
    ("caller_id",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        caller_id | VARCHAR | the caller
        calls | BIGINT | unstopped calls of any kind in the headline window and channel
        misuse_calls | BIGINT | misuse calls by their codes
        expected_misuse_calls | DOUBLE | misuse calls to be expected, coding error reckoned with
        p_at_least_threshold | DOUBLE | probability that at least threshold of them truly are misuse
    """),
)
