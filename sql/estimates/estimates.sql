-- One row per figure, window and way of counting. Key: estimate, window_name, counted_by. Params: $run_id, $as_of.
-- estimate_rows is what misuse.detection reckoned with misuse.estimation; here it gets its place and its types.
with

final as (
    select
        cast($run_id as varchar) as run_id,
        cast($as_of as date) as as_of,
        cast(estimate as varchar) as estimate,
        cast(window_name as varchar) as window_name,
        cast(counted_by as varchar) as counted_by,
        cast(unit as varchar) as unit,
        cast(point as double) as point,
        cast(low as double) as low,
        cast(high as double) as high,
        cast(bound_low as double) as bound_low,
        cast(bound_high as double) as bound_high,
        cast(numerator as double) as numerator,
        cast(denominator as double) as denominator,
        cast(method as varchar) as method
    from estimate_rows
)

select * from final
