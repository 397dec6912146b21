-- One row per call of a person who can be over the line that two people coded again, where both agree or a third
-- settled it, and somebody could tell: whose call it is now. Key: call_key. No params. Of several samples the latest
-- counts.
with

latest as (
    select
        call_key,
        case when first_verdict = second_verdict then first_verdict else settled_verdict end as verdict
    from casebook_coded_calls
    qualify row_number() over (partition by call_key order by position desc) = 1
),

final as (
    select calls.call_key, calls.caller_id, calls.kind, codes.stratum, latest.verdict = 'misuse' as is_misuse
    from latest
    inner join coding_calls as calls on latest.call_key = calls.call_key
    inner join coding_codes as codes
        on calls.is_frequent = codes.is_frequent and calls.kind = codes.kind and calls.code = codes.code
    where calls.is_frequent and latest.verdict in ('misuse', 'not_misuse')
)

select * from final
