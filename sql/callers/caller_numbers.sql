-- One row per number or premises with a call before the end of as-of. Key: token. Param: $end_at.
-- One number is one caller until caller_links says otherwise; a caller is one kind through all its numbers.
with

tokens as (
    select
        coalesce(number_token, premises_token) as token,
        bool_and(number_token is null) as is_premises,
        min(number_kind) filter (where number_token is not null) as number_kind
    from call_records
    where
        coalesce(number_token, premises_token) is not null
        and received_at < cast($end_at as timestamp)
    group by coalesce(number_token, premises_token)
),

named as (
    select
        tokens.token, tokens.is_premises, tokens.number_kind, caller_links.identity_basis,
        caller_links.caller_id is not null as is_linked,
        coalesce(caller_links.caller_id, 'c' || left(replace(cast(tokens.token as varchar), '-', ''), 16)) as caller_id
    from tokens
    left join caller_links on tokens.token = caller_links.token
),

shared_callers as (
    select distinct named.caller_id
    from named
    inner join call_stops on named.token = call_stops.token
    where call_stops.makes_shared_line
),

-- Premises and a number of one caller make a person; premises alone never do.
person_callers as (
    select distinct caller_id
    from named
    where not is_premises
),

final as (
    select
        named.token, named.caller_id, named.number_kind,
        case
            when person_callers.caller_id is null then 'premises'
            when shared_callers.caller_id is not null then 'shared_line'
            else 'person'
        end as identity_kind,
        case
            when person_callers.caller_id is not null and shared_callers.caller_id is not null then 'shared_line_marker'
            when named.is_linked then coalesce(named.identity_basis, 'linked')
            when named.is_premises then 'premises'
            else 'single_number'
        end as identity_basis
    from named
    left join person_callers on named.caller_id = person_callers.caller_id
    left join shared_callers on named.caller_id = shared_callers.caller_id
)

select * from final
