-- coding_calls anew, the codes of frequent callers' calls parted where a classifier in force has call_bands say that a
-- call is more or less like misuse than its code. Key: call_key. No params.
with

final as (
    select
        calls.* replace (
            case when coalesce(bands.band, '') = '' then calls.code else calls.code || ', ' || bands.band end as code
        )
    from coding_calls as calls
    left join call_bands as bands on cast(calls.call_key as varchar) = bands.call_key
)

select * from final
