-- One row: rows that the file makes superseded, its own or held, and those among them of another number and another
-- time than the version that counts: of such a row hardly a correction is the cause, but an id that restarts.
with

beaten as (
    select call_key
    from verdicts
    where verdict = 'superseded' and origin <> 'superseded'
),

versions as (
    select call_key, verdict, received_at, coalesce(number_token, premises_token, cli_token) as line
    from judged_arrivals
    where call_key in (select call_key from beaten) and verdict <> 'duplicate'

    union all

    select
        verdicts.call_key,
        verdicts.verdict,
        call_records.received_at,
        coalesce(call_records.number_token, call_records.premises_token, call_records.cli_token) as line
    from verdicts
    inner join call_records
        on verdicts.call_key = call_records.call_key and verdicts.content_digest = call_records.content_digest
    where verdicts.origin = 'current' and verdicts.verdict <> 'duplicate'
        and verdicts.call_key in (select call_key from beaten)
)

select
    count(*) as superseded_rows,
    count(*) filter (where earlier.line <> counting.line and earlier.received_at <> counting.received_at) as other_calls
from versions as earlier
left join versions as counting on earlier.call_key = counting.call_key and counting.verdict = 'accepted'
where earlier.verdict = 'superseded'
