-- One row per caller with a hard stop, on a call or on the caller: how many are urgent, and how many of those nobody
-- has looked at. Key: caller_id. No params. The one place that says what is urgent: the look list shows it of
-- everybody, the tasking list of whom it names. A look clears the stops that it saw, each by its id: a danger that
-- took another's place is as unseen as the first was, and a rule none of whose stops was seen is new.
with

looked_at as (
    select
        flags.caller_id, flags.urgent_stops, flags.last_urgent_stop_at, flags.urgent_stop_ids, flags.stop_ids_by_rule,
        looks.stops_seen,
        -- Looks of before stops had ids clear as many as there were to see, and none dated after them.
        flags.urgent_stops - coalesce(looks.urgent_stops_seen, 0) as more_than_seen,
        coalesce(flags.last_urgent_stop_at > looks.acknowledged_at, false) as is_later
    from caller_flags as flags
    left join caller_looks as looks on flags.caller_id = looks.caller_id
),

unseen as (
    select
        *,
        case
            when stops_seen is not null
                then len(list_filter(urgent_stop_ids, stop_id -> not list_contains(stops_seen, stop_id)))
            when more_than_seen > 0 or is_later then greatest(more_than_seen, 1)
            else 0
        end as urgent_stops_unseen
    from looked_at
),

final as (
    select
        caller_id, urgent_stops, last_urgent_stop_at, urgent_stops_unseen > 0 as is_urgent, urgent_stops_unseen,
        list_sort(list_distinct(flatten(stop_ids_by_rule))) as stop_ids,
        stops_seen is not null
        and len(list_filter(stop_ids_by_rule, stop_ids -> not list_has_any(stop_ids, stops_seen))) > 0 as has_new_rule
    from unseen
)

select * from final
