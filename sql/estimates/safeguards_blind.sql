-- One row: how many safeguards no marker or remark of the live sources can ever set off, as a row of estimates.
-- Params: $run_id, $as_of, $blind, $safeguards, $names.
select
    cast($run_id as varchar) as run_id,
    cast($as_of as date) as as_of,
    'safeguards_blind' as estimate,
    'headline' as window_name,
    'caller' as counted_by,
    'safeguards' as unit,
    cast($blind as double) as point,
    cast(null as double) as low,
    cast(null as double) as high,
    cast(null as double) as bound_low,
    cast(null as double) as bound_high,
    cast($blind as double) as numerator,
    cast($safeguards as double) as denominator,
    'Safeguards that the markers and remarks declared for the live sources can never set off: '
    || coalesce(nullif(array_to_string($names, ', '), ''), 'none') as method
