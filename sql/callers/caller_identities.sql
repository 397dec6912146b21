-- One row per caller: who it is taken for, and the numbers behind it. Key: caller_id. No params.
-- Kinds are listed only for the few callers with numbers of several kinds: a list a caller is dear.
with

spans as (
    select
        caller_id,
        min(identity_kind) as identity_kind,
        min(identity_basis) as identity_basis,
        count(number_kind) as number_count,
        min(number_kind) as first_kind,
        max(number_kind) as last_kind
    from caller_numbers
    group by caller_id
),

several_kinds as (
    select caller_numbers.caller_id, list_sort(list(distinct caller_numbers.number_kind)) as number_kinds
    from caller_numbers
    inner join spans on caller_numbers.caller_id = spans.caller_id
    where spans.first_kind <> spans.last_kind and caller_numbers.number_kind is not null
    group by caller_numbers.caller_id
),

final as (
    select
        spans.caller_id, spans.identity_kind, spans.identity_basis,
        cast(spans.number_count as integer) as number_count,
        case
            when several_kinds.caller_id is not null then several_kinds.number_kinds
            when spans.first_kind is not null then [spans.first_kind]
            else cast([] as varchar[])
        end as number_kinds
    from spans
    left join several_kinds on spans.caller_id = several_kinds.caller_id
)

select * from final
