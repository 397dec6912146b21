-- One row per call and value that it has in common with a marked one, and the mark's own calls among them.
-- Key: call_key, value_number, is_home. Param: $end_at. Values stay inside the vault: what goes on is their number in
-- tie_marks. Temporary. is_home: a person or an address, not the incident's location alone.
with

tied as (
    select details.call_key, details.content_digest, tied_details.value_number, true as is_home
    from vault.call_details as details
    inner join tied_details
        on
            coalesce(details.subscriber_address, details.premises) = tied_details.home
            and details.subscriber_postcode is not distinct from tied_details.given_postcode
    union all
    select details.call_key, details.content_digest, tied_details.value_number, false as is_home
    from vault.call_details as details
    inner join tied_details on details.incident_location = tied_details.location
    union all
    select details.call_key, details.content_digest, tied_details.value_number, true as is_home
    from vault.call_details as details
    inner join tied_details
        on details.person_name = tied_details.person_name and details.birth_date = tied_details.birth_date
),

final as (
    select
        tied.call_key, tied.value_number, tied.is_home, calls.received_at,
        coalesce(calls.number_token, calls.premises_token) as token
    from call_records as calls
    inner join tied on calls.call_key = tied.call_key and calls.content_digest = tied.content_digest
    where calls.received_at < cast($end_at as timestamp)
)

select * from final
