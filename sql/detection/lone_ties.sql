-- One row per silent or abandoned call without a number or premises, and rule of a marked call with which it has an
-- address, a place or a named person in common. Key: call_key, rule_id. No params. Nobody is known to have made it: the
-- call alone is barred. What over most_numbers have in common ties nobody; numbers of one caller count once.
with

-- A number of somebody with several counts as that caller, who counts once.
holders as (
    select tied_calls.value_number, tied_calls.token, min(numbers.caller_id) as caller_id
    from tied_calls
    left join caller_numbers as numbers
        on
            tied_calls.token = numbers.token and numbers.spells > 1
            and tied_calls.received_at >= numbers.spell_from and tied_calls.received_at < numbers.spell_to
    group by tied_calls.value_number, tied_calls.token
),

few as (
    select value_number, count(distinct coalesce(caller_id, cast(token as varchar))) as holders
    from holders
    group by value_number
)

select
    lone.call_key, marked.rule_id, min(marked.via) as via,
    greatest(any_value(lone.received_at), min(marked.received_at)) as hit_at
from tied_calls as lone
inner join call_contents as contents on lone.call_key = contents.call_key and contents.is_silent
inner join few on lone.value_number = few.value_number
inner join tie_marks as marked on lone.value_number = marked.value_number and few.holders <= marked.most_numbers
where lone.token is null and lone.call_key <> marked.call_key
group by lone.call_key, marked.rule_id
