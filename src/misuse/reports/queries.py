"""The smallest things that the reports ask of the published file; what takes reckoning is a model of sql/reports."""

# The log begins where the run says it does; one without a call on the headline's channel with its first call.
LOG_SPAN = """
select coalesce(
    (select first_date from windows where window_name = 'since_log_start'), (select min(local_date) from calls)
) as first_day
"""

CASES = "select case_ref, caller_id from cases"
EARLIER_CASES = "select count(*) as cases from cases where opened_at < $before"

KINDS = "select identity_kind, count(*) as callers from callers group by identity_kind"
