-- One row per person who can be over the line and stratum in which the person has calls. Key: caller_id, kind,
-- stratum. No params.
with

final as (
    select calls.caller_id, calls.kind, codes.stratum, count(*) as calls
    from coding_calls as calls
    inner join coding_codes as codes
        on calls.is_frequent = codes.is_frequent and calls.kind = codes.kind and calls.code = codes.code
    where calls.is_frequent
    group by calls.caller_id, calls.kind, codes.stratum
)

select * from final
