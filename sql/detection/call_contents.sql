-- One row per call before the end of as-of that a pattern may look at: coded misuse, silent or abandoned, made by a
-- handset, or closed as a duplicate; with its spell and who is behind that, where anybody is. Key: call_key.
-- Param: $end_at.
with

contents as (
    select *
    from code_contents
    where is_coded_misuse or is_wordless or is_duplicate
),

calls as (
    select
        calls.call_key, calls.content_digest, calls.batch_id, calls.received_at,
        coalesce(calls.number_token, calls.premises_token) as token, contents.is_coded_misuse, contents.is_silent,
        contents.is_wordless, contents.is_duplicate, contents.news_code
    from call_records as calls
    inner join contents
        on
            calls.source = contents.source
            and calls.closing_code is not distinct from contents.closing_code
            and calls.opening_code is not distinct from contents.opening_code
            and calls.qualifiers is not distinct from contents.qualifiers
            and calls.result_code is not distinct from contents.result_code
    where calls.received_at < cast($end_at as timestamp)
),

final as (
    select
        calls.*, caller_numbers.spell_id, caller_numbers.caller_id, caller_numbers.reach_id,
        caller_numbers.identity_kind
    from calls
    left join caller_numbers
        on
            calls.token = caller_numbers.token
            and calls.received_at >= caller_numbers.spell_from
            and calls.received_at < caller_numbers.spell_to
)

select * from final
