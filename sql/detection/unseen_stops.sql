-- One row per caller with a hard stop, on a call or on the caller: how many are urgent, and how many of those nobody
-- has looked at. Key: caller_id. No params. The one place that says what is urgent: the look list shows it of
-- everybody, the tasking list of whom it names.
with

looked_at as (
    select
        flags.caller_id, flags.urgent_stops, flags.last_urgent_stop_at, looks.acknowledged_at,
        coalesce(looks.urgent_stops_seen, 0) as urgent_stops_seen,
        -- A look clears as many urgent stops as there were to see, and none dated after it. What arrives late is one
        -- more, however early its date: it has to be tonight again.
        flags.urgent_stops > coalesce(looks.urgent_stops_seen, 0)
        or coalesce(flags.last_urgent_stop_at > looks.acknowledged_at, false) as is_urgent
    from caller_flags as flags
    left join caller_looks as looks on flags.caller_id = looks.caller_id
),

final as (
    select
        caller_id, urgent_stops, last_urgent_stop_at, is_urgent,
        -- Of stops that went and others that came, one at least is not the one that was seen.
        case when is_urgent then greatest(urgent_stops - urgent_stops_seen, 1) else 0 end as urgent_stops_unseen
    from looked_at
)

select * from final
