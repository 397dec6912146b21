-- One row: everything the vault holds of one caller. Params: $caller_id.
with

tokens as (
    select token from caller_numbers where caller_id = $caller_id
),

details as (
    select call_details.*
    from vault.call_details as call_details
    inner join call_records
        on call_details.call_key = call_records.call_key
            and call_details.content_digest = call_records.content_digest
    inner join tokens on tokens.token = coalesce(call_records.number_token, call_records.premises_token)
)

select
    (select list(distinct e164) from vault.numbers where number_token in (select token from tokens)) as numbers,
    (select list(distinct premises) from vault.premises where premises_token in (select token from tokens)) as premises,
    (select list(distinct subscriber_name) filter (where subscriber_name is not null) from details) as subscriber_names,
    (
        select list(distinct subscriber_address) filter (where subscriber_address is not null) from details
    ) as subscriber_addresses,
    (select list(distinct person_name) filter (where person_name is not null) from details) as person_names
