-- One row per local day, channel and borough. Key: local_date, channel, borough. No params.
with

final as (
    select
        local_date, channel, coalesce(borough, 'not recorded') as borough,
        count(*) as calls,
        count(*) filter (where is_coded_misuse) as coded_misuse_calls,
        count(*) filter (where is_misuse) as misuse_calls,
        count(*) filter (where is_misuse and caller_id is null) as unidentified_misuse_calls,
        cast(sum(handling_seconds) as bigint) as handling_seconds,
        cast(sum(unit_seconds) as bigint) as unit_seconds
    from calls
    group by local_date, channel, coalesce(borough, 'not recorded')
)

select * from final
