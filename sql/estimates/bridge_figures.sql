-- Rows of estimates: the bridge's steps, so that whoever quotes one can quote its method. One row per step, part and
-- window. Key: estimate, window_name. Params: $run_id, $as_of.
with

meanings (step, meaning) as (
    values
    ('coded_misuse', 'every call coded misuse, and the lines that made them'),
    ('by_number', 'lines with threshold calls coded misuse: the 2005 count'),
    ('less_stopped', 'the same without calls that a hard stop bars'),
    ('less_doubtful', 'the same without doubtful calls'),
    ('less_unidentified', 'the same without placeholder and malformed numbers among the callers'),
    ('less_shared_lines', 'the same without shared lines and premises among the callers'),
    ('after_linkage', 'persons, all numbers of one together: the headline')
),

parts as (
    select
        bridge.window_name, bridge.step_number, bridge.step,
        unnest(['callers', 'calls', 'share']) as part,
        unnest([
            cast(bridge.callers as double), cast(bridge.calls as double), bridge.share
        ]) as point,
        unnest([null, null, bridge.calls]) as numerator,
        unnest([null, null, bridge.misuse_calls]) as denominator
    from bridge
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of,
        'bridge_' || parts.step || '_' || parts.part as estimate, parts.window_name, 'caller' as counted_by,
        parts.part as unit, parts.point, cast(null as double) as low, cast(null as double) as high,
        cast(null as double) as bound_low, cast(null as double) as bound_high,
        cast(parts.numerator as double) as numerator, cast(parts.denominator as double) as denominator,
        case when parts.point is null then 'not reckoned, no call is left: ' else '' end
        || 'step ' || parts.step_number || ' of the bridge, ' || parts.part || ': ' || meanings.meaning
        || '; a count of this log, without interval' as method
    from parts
    inner join meanings on parts.step = meanings.step
)

select * from final
