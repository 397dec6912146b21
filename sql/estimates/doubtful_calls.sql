-- Rows of estimates: doubtful calls of each kind, so that each is counted on a line of its own. One row per kind,
-- window and way of counting; they sum to doubtful_calls. Key: estimate, window_name, counted_by.
-- Params: $run_id, $as_of, $headline_channel.
with

kinds (doubt_kind, meaning) as (
    values
    ('contradicted', 'doubtful calls whose result or qualifier shows that somebody was in need'),
    ('defaulted', 'doubtful calls whose code nobody chose'),
    ('unknown', 'doubtful calls whose closing code is not known, while another field alone says misuse')
),

tallies as (
    select windows.window_name, calls.doubt_kind, count(*) as calls
    from windows
    inner join calls on windows.window_from <= calls.received_at and windows.window_to > calls.received_at
    where calls.channel = cast($headline_channel as varchar) and calls.doubt_kind is not null
    group by windows.window_name, calls.doubt_kind
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of,
        'doubtful_calls_' || kinds.doubt_kind as estimate, windows.window_name, ways.counted_by, 'calls' as unit,
        cast(coalesce(tallies.calls, 0) as double) as point,
        cast(null as double) as low, cast(null as double) as high, cast(null as double) as bound_low,
        cast(null as double) as bound_high, cast(null as double) as numerator, cast(null as double) as denominator,
        kinds.meaning as method
    from windows
    cross join kinds
    cross join (values ('caller'), ('number')) as ways (counted_by)
    left join tallies on windows.window_name = tallies.window_name and kinds.doubt_kind = tallies.doubt_kind
)

select * from final
