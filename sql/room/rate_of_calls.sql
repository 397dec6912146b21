-- One row per caller: misuse calls on the headline's channel before and since a moment, and genuine ones.
-- Key: caller_id.
-- Params: $callers, $at, $span_days. before: in the span before $at; since: from $at on, for the span at most. Only
-- days that the log holds are measured: days_before and days_since.
with

bounds as (
    select
        $at::timestamp as at_moment,
        $at::timestamp - to_days($span_days::integer) as span_from,
        least(max(window_to), $at::timestamp + to_days($span_days::integer)) as span_to,
        max(window_to) as log_to, min(window_from) filter (where window_name = 'since_log_start') as log_from,
        max(channel) as channel
    from windows
),

final as (
    select
        calls.caller_id,
        count(*) filter (where calls.is_misuse and calls.received_at < bounds.at_moment) as before,
        count(*) filter (where calls.is_misuse and calls.received_at >= bounds.at_moment) as since,
        count(*) filter (where not calls.is_coded_misuse and calls.received_at < bounds.at_moment) as genuine_before,
        count(*) filter (where not calls.is_coded_misuse and calls.received_at >= bounds.at_moment) as genuine_since,
        greatest(
            0, date_diff('hour', greatest(bounds.span_from, bounds.log_from), least(bounds.at_moment, bounds.log_to))
        ) / 24.0 as days_before,
        greatest(0, date_diff('hour', bounds.at_moment, bounds.span_to)) / 24.0 as days_since
    from calls
    cross join bounds
    where
        list_contains($callers, calls.caller_id) and calls.channel = bounds.channel
        and calls.received_at >= coalesce(bounds.log_from, bounds.span_from)
        and calls.received_at >= bounds.span_from and calls.received_at < bounds.span_to
    group by all
)

select * from final
order by caller_id
