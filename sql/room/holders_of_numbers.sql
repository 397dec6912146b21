-- One row per time that somebody held one of the numbers. Key: spell_id. Param: $tokens, as hexadecimal digits.
-- A spell's id is made of its number's token (sql/callers/number_spells.sql), so that the published copy tells whose it
-- is. Of one number, a holder's time begins with the holder's first call and ends with the next one's.
with

named as (
    select
        digits,
        's' || left(case when place = 1 then digits else sha256(digits || '#' || place) end, 16) as spell_id
    from (select unnest($tokens) as digits) as asked
    cross join (select unnest(range(1, 200)) as place) as numbered
),

held as (
    select
        named.digits as token, caller_spells.spell_id, caller_spells.caller_id, caller_spells.identity_kind,
        lag(caller_spells.first_call_at) over number_of is not null as is_later, caller_spells.first_call_at,
        lead(caller_spells.first_call_at) over number_of as held_to, caller_spells.last_call_at, caller_spells.calls
    from caller_spells
    inner join named on caller_spells.spell_id = named.spell_id
    window number_of as (partition by named.digits order by caller_spells.first_call_at, caller_spells.spell_id)
)

select
    token, spell_id, caller_id, identity_kind, case when is_later then first_call_at end as held_from, held_to,
    first_call_at, last_call_at, calls
from held
order by first_call_at, spell_id
