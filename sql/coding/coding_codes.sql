-- One row per side (frequent callers or all others), kind and code of coding_calls: the stratum that it is of.
-- Key: is_frequent, kind, code. No params. A code with one in fifty of its side's and kind's calls stands for itself,
-- the rest together; so do all codes that are not misuse among the calls of those who cannot be over the line.
with

tallies as (
    select is_frequent, kind, code, count(*) as calls
    from coding_calls
    group by is_frequent, kind, code
),

final as (
    select
        is_frequent, kind, code, calls,
        case
            when kind = 'other' and not is_frequent then '(any code)'
            when calls * 50 >= sum(calls) over (partition by is_frequent, kind) then code
            else '(other codes)'
        end as stratum
    from tallies
)

select * from final
