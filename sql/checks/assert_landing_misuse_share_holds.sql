-- A day's share of coded misuse is about that of the same weekday of the four weeks before, of the same source.
-- Under 30 misuse calls expected, or three weekdays known, chance alone decides, and nothing is said.
-- Door: landing
-- Severity: warn
-- Limits: -misuse_change_share to misuse_change_share
-- Finding: a day's share of misuse differs by {value:+.0%} from the same weekday before: {scopes}
-- Next: ask whether coding practice or codes changed; compare with `misuse source check`
-- Needs: rule_misuse_codes
-- Params: $reporting_zone.
with

known as (
    select *, true as is_landing from landing_calls
    union all by name
    select *, false as is_landing from call_records
    where
        source in (select source from landing_calls)
        and received_at between (select min(received_at) - interval 30 day from landing_calls)
        and (select max(received_at) from landing_calls)
        and call_key not in (select call_key from landing_calls where call_key is not null)
),

-- Quarters of an hour are turned into local days, not calls: there are few of them.
quarters as (
    select quarter_at, timezone($reporting_zone, timezone('UTC', quarter_at))::date as day
    from (select distinct time_bucket(interval 15 minutes, received_at) as quarter_at from known) as held
),

combinations as (
    select
        source, day, bool_or(is_landing) as is_judged, count(*) as calls, closing_code, opening_code, qualifiers,
        result_code
    from known inner join quarters on time_bucket(interval 15 minutes, known.received_at) = quarters.quarter_at
    group by all
),

listed as (
    select source, list(field || '=' || regexp_replace(upper(trim(code)), '[\s_-]+', ' ', 'g')) as codes
    from rule_misuse_codes group by source
),

-- As sql/detection/code_verdicts.sql decides it.
days as (
    select
        source, day, bool_or(is_judged) as is_judged, sum(calls) as calls,
        coalesce(sum(calls) filter (where list_has_any(codes, list_transform(list_concat(
            ['*=*', 'closing_code=' || closing_code, 'result_code=' || result_code],
            [case when closing_code is null then 'opening_code=' || opening_code end],
            list_transform(string_split(qualifiers, ';'), lambda code: 'qualifiers=' || trim(code))
        ), lambda code: split_part(code, '=', 1) || '='
        || regexp_replace(upper(trim(substr(code, strpos(code, '=') + 1))), '[\s_-]+', ' ', 'g')))), 0)
        / sum(calls) as share
    from combinations inner join listed using (source)
    group by source, day
),

expected as (
    select days.source, days.day, max(days.calls) as calls, max(days.share) as share, avg(earlier.share) as expected
    from days inner join days as earlier on days.source = earlier.source and days.day - earlier.day in (7, 14, 21, 28)
    where days.is_judged
    group by days.source, days.day
    having count(*) >= 3
)

select source || ' ' || day as scope, share / expected - 1 as value from expected where expected * calls >= 30
union all
select 'nothing to compare with' as scope, 0.0 as value
