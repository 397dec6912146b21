-- One row per call that is one of many wordless calls from one number within minutes, and rule that looks for such.
-- Key: rule_id, call_key. No params. Nobody dials so: a handset or a line may be at fault.
with

limits as (
    select rule_id, calls as fewest_calls, minutes from rule_patterns where pattern = 'burst'
),

wordless as (
    select
        limits.*, calls.call_key, calls.token, calls.received_at,
        count(*) over (
            partition by limits.rule_id, calls.token order by calls.received_at
            range between interval (limits.minutes) minutes preceding and current row
        ) as calls_before
    from call_contents as calls
    cross join limits
    where calls.is_wordless and calls.token is not null
),

bursts as (
    select
        *,
        max(calls_before) over (
            partition by rule_id, token order by received_at
            range between current row and interval (minutes) minutes following
        ) as most_calls
    from wordless
),

final as (
    select rule_id, call_key, received_at
    from bursts
    where most_calls >= fewest_calls
)

select * from final
