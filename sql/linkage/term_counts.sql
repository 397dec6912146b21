-- One row per term that records hold: how many hold it, of how many that hold any of its kind. Key: kind, term.
with

terms as (
    select 'name' as kind, unnest(name_words) as term from details
    union all
    select 'place', unnest(place_words) from details
    union all
    select 'birth', birth from details where birth is not null
    union all
    select 'day', birth[5:] from details where birth is not null
),

counted as (select kind, term, count(*) as records from terms group by kind, term),

totals as (
    select 'name' as kind, count(name_words) as total from details
    union all
    select 'place', count(place_words) from details
    union all
    select 'birth', count(birth) from details
    union all
    select 'day', count(birth) from details
),

final as (select kind, term, records, total from counted inner join totals using (kind))

select * from final
