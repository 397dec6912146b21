-- One row per call of a person who can be over the line, not in doubt: what its facts may tell beyond its code, and
-- what two people found, where they have. Key: call_key. No params. Nothing of who called.
with

final as (
    select
        frequent.call_key, frequent.kind, codes.stratum, verdicts.is_misuse,
        cast(date_trunc('month', calls.local_date) as date) as month,
        calls.answer_seconds, calls.talk_seconds, calls.wrap_seconds, calls.units_assigned, calls.unit_seconds,
        calls.grade, calls.result_code, calls.qualifiers, calls.number_kind,
        cast(calls.local_hour // 6 as varchar) as part_of_day
    from coding_calls as frequent
    inner join coding_codes as codes
        on
            frequent.is_frequent = codes.is_frequent and frequent.kind = codes.kind
            and frequent.code = codes.code
    inner join calls on frequent.call_key = calls.call_key
    left join coding_verdicts as verdicts on frequent.call_key = verdicts.call_key
    where frequent.is_frequent and frequent.kind <> 'doubtful'
)

select * from final
