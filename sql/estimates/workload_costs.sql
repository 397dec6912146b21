-- Rows of estimates: handlers and money behind the hours a month, at the rates of the settings. One row per figure,
-- window and way of counting. Key: estimate, window_name, counted_by. Params: $run_id, $as_of, $handler_hour_pounds,
-- $unit_hour_pounds, $handler_hours_a_year, $handling_is_cashable, $units_are_cashable, $rates_source.
-- A cost is hours times a stated rate, never a saving: the line says whether it is cashable.
with

rates as (
    select
        nullif(cast($handler_hour_pounds as double), 0) as handler_hour,
        nullif(cast($unit_hour_pounds as double), 0) as unit_hour,
        1 / nullif(cast($handler_hours_a_year as double) / 12, 0) as handlers_an_hour,
        coalesce(nullif(cast($rates_source as varchar), ''), 'source not stated') as source,
        case when cast($handling_is_cashable as boolean) then 'cashable' else 'not cashable' end as handling_is,
        case when cast($units_are_cashable as boolean) then 'cashable' else 'not cashable' end as units_are
),

kinds as (
    select
        unnest(['full_time', 'handling_cost', 'unit_cost']) as figure,
        unnest(['hours', 'hours', 'unit_hours']) as hours,
        unnest(['full_time', 'pounds_a_month', 'pounds_a_month']) as unit,
        unnest([handlers_an_hour, handler_hour, unit_hour]) as factor,
        unnest([
            'hours of handling a month over the hours of one full-time handler, '
            || cast($handler_hours_a_year as varchar) || ' a year (settings, [rates])',
            'hours of handling a month at £' || handler_hour || ' an hour (' || source || '); ' || handling_is
            || ': time freed goes to other calls unless posts go',
            'hours of units a month at £' || unit_hour || ' an hour (' || source || '); ' || units_are
            || ': time freed goes to other work unless posts go'
        ]) as method
    from rates
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, kinds.figure || '_' || who.who as estimate,
        hours.window_name, hours.counted_by, kinds.unit,
        hours.point * kinds.factor as point, hours.low * kinds.factor as low, hours.high * kinds.factor as high,
        hours.bound_low * kinds.factor as bound_low, hours.bound_high * kinds.factor as bound_high,
        cast(null as double) as numerator, cast(null as double) as denominator,
        case
            when kinds.factor is null then 'not reckoned: no rate is stated in the settings, [rates]'
            when hours.point is null then hours.method
            else kinds.method || '; ' || hours.method
        end as method
    from kinds
    cross join (values ('persistent'), ('all_misuse')) as who (who)
    inner join estimates as hours on hours.estimate = kinds.hours || '_' || who.who
)

select * from final
