-- One row per call of a person who ever had enough contacts to be a frequent one, and rule that asks for such.
-- Key: rule_id, call_key. Param: $end_at. contacts_before: calls of any kind and channel in the rule's days before,
-- through every number that may be the person's; calls at the same moment are not before one another.
with

busy_spells as (
    select
        busy_persons.rule_id, limits.days, numbers.token, numbers.spell_from, numbers.spell_to, numbers.reach_id
    from caller_numbers as numbers
    inner join busy_persons on numbers.reach_id = busy_persons.reach_id
    inner join rule_patterns as limits on busy_persons.rule_id = limits.rule_id and limits.pattern = 'new_content'
    where numbers.identity_kind = 'person'
),

final as (
    select
        busy.rule_id, calls.call_key, calls.content_digest, calls.received_at, busy.token, busy.reach_id,
        contents.is_coded_misuse, contents.is_silent, contents.is_duplicate, contents.news_code,
        count(*) over (
            partition by busy.rule_id, busy.reach_id order by calls.received_at
            range between interval (busy.days) days preceding and interval '1 microsecond' preceding
        ) as contacts_before
    from call_records as calls
    inner join busy_spells as busy
        on
            calls.number_token = busy.token
            and calls.received_at >= busy.spell_from
            and calls.received_at < busy.spell_to
    inner join code_contents as contents
        on
            calls.source = contents.source
            and calls.closing_code is not distinct from contents.closing_code
            and calls.opening_code is not distinct from contents.opening_code
            and calls.qualifiers is not distinct from contents.qualifiers
            and calls.result_code is not distinct from contents.result_code
    where calls.received_at < cast($end_at as timestamp)
)

select * from final
