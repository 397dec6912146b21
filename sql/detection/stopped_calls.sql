-- One row per call that a hard stop bars from being treated as misuse, whatever its code. Key: call_key.
-- Param: $end_at. A stop on the call itself bars it in either scope, also where no caller is known for it to spread to.
with

final as (
    select call_key
    from call_stops
    where is_stop
    union
    select call_records.call_key
    from call_records
    inner join caller_numbers on coalesce(call_records.number_token, call_records.premises_token) = caller_numbers.token
    where
        caller_numbers.caller_id in (select caller_id from caller_stops where is_stop)
        and call_records.received_at < cast($end_at as timestamp)
)

select * from final
