-- One row per stratum: its calls, and what two people, blind to each other, found of those of them that were drawn.
-- Key: is_frequent, kind, stratum. No params. Of a call in several samples the latest counts; one that nobody can tell
-- counts in unknown alone. Where the call is still of its kind and side, its code is the present one. A code that the
-- log no longer has, or that is rare now, counts with the other codes, which then may have no calls at all.
with

latest as (
    select *
    from casebook_coded_calls
    qualify row_number() over (partition by call_key order by position desc) = 1
),

found as (
    select
        latest.is_frequent, latest.kind,
        coalesce(
            codes.stratum, case when latest.kind = 'other' and not latest.is_frequent then '(any code)' end,
            '(other codes)'
        ) as stratum,
        case
            when latest.first_verdict = latest.second_verdict then latest.first_verdict
            else coalesce('settled ' || latest.settled_verdict, 'pending')
        end as verdict
    from latest
    left join coding_calls as present
        on
            latest.call_key = present.call_key and latest.is_frequent = present.is_frequent
            and latest.kind = present.kind
    left join coding_codes as codes
        on
            latest.is_frequent = codes.is_frequent and latest.kind = codes.kind
            and coalesce(present.code, latest.code) = codes.code
),

verdicts as (
    select
        is_frequent, kind, stratum,
        count(*) filter (where verdict = 'misuse') as both_misuse,
        count(*) filter (where verdict = 'not_misuse') as both_not,
        count(*) filter (where verdict = 'settled misuse') as upheld,
        count(*) filter (where verdict = 'settled not_misuse') as turned_down,
        count(*) filter (where verdict = 'pending') as pending,
        count(*) filter (where verdict in ('cannot_tell', 'settled cannot_tell')) as unknown
    from found
    group by is_frequent, kind, stratum
),

calls as (
    select is_frequent, kind, stratum, cast(sum(calls) as bigint) as calls
    from coding_codes
    group by is_frequent, kind, stratum
),

final as (
    select
        coalesce(calls.is_frequent, verdicts.is_frequent) as is_frequent,
        coalesce(calls.kind, verdicts.kind) as kind,
        coalesce(calls.stratum, verdicts.stratum) as stratum,
        coalesce(calls.calls, 0) as calls,
        coalesce(verdicts.both_misuse, 0) as both_misuse, coalesce(verdicts.both_not, 0) as both_not,
        coalesce(verdicts.upheld, 0) as upheld, coalesce(verdicts.turned_down, 0) as turned_down,
        coalesce(verdicts.pending, 0) as pending, coalesce(verdicts.unknown, 0) as unknown
    from calls
    full join verdicts
        on
            calls.is_frequent = verdicts.is_frequent and calls.kind = verdicts.kind
            and calls.stratum = verdicts.stratum
)

select * from final
