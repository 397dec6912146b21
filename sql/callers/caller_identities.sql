-- One row per caller: who it is taken for, and the numbers behind it. Key: caller_id. No params.
-- Grouped are only the few callers of several spells: a million groups of one are dear.
with

several as (
    select
        caller_id, min(identity_kind) as identity_kind, min(identity_basis) as identity_basis,
        count(distinct token) as numbers, list_sort(list(distinct number_kind)) as number_kinds
    from caller_numbers
    where spells > 1
    group by caller_id
),

final as (
    select
        caller_id, identity_kind, identity_basis,
        case when is_premises then 0 else 1 end as number_count,
        case when is_premises then cast([] as varchar[]) else [number_kind] end as number_kinds
    from caller_numbers
    where spells = 1
    union all
    select caller_id, identity_kind, identity_basis, cast(numbers as integer) as number_count, number_kinds
    from several
)

select * from final
