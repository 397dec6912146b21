-- One row per marked call of a rule that follows ties, and value by which others may be tied to it.
-- Key: rule_id, call_key, via, value. Param: $end_at. Temporary, since a value identifies. Its own place or person ties
-- a call; its number's address does on whichever call it was given, and premises are at home there. value_number stands
-- for via and value: many calls go through joins by it, where texts would take most of the memory.
with

no_words as (
    select unnest(no_values(words)) as word from rule_lists where list_id = 'nowhere'
),

marked as (
    select
        rules.*, hits.call_key, hits.received_at, coalesce(hits.token, hits.call_key) as line, numbers.reach_id
    from call_stops as hits
    inner join rule_patterns as rules on hits.rule_id = rules.rule_id and rules.pattern = 'ties'
    left join caller_numbers as numbers
        on hits.token = numbers.token and hits.received_at >= numbers.spell_from and hits.received_at < numbers.spell_to
    where hits.is_stop
),

marked_lines as (
    select call_key, content_digest, coalesce(number_token, premises_token, call_key) as line
    from call_records
    where
        received_at < cast($end_at as timestamp)
        and coalesce(number_token, premises_token, call_key) in (select line from marked)
),

detailed as (
    select
        marked_lines.call_key, marked_lines.line, details.incident_location as location, details.person_name,
        coalesce(details.subscriber_address, details.premises) as home, details.subscriber_postcode as given_postcode,
        details.birth_date
    from vault.call_details as details
    inner join marked_lines
        on details.call_key = marked_lines.call_key and details.content_digest = marked_lines.content_digest
),

-- At once for all its values: taken apart where it is made, each part would make it anew.
valued as materialized (
    select call_key, line, home as place, null as name, home_ties(home, home_postcode(home, given_postcode)) as ties
    from detailed
    union all
    select call_key, line, location as place, null as name, location_ties(location) as ties
    from detailed
    union all
    select call_key, line, null as place, person_name as name, person_ties(person_name, birth_date) as ties
    from detailed
),

told as (
    select call_key, line, place, name, unnest(ties, recursive := true) from valued
),

named as (
    select distinct marked.*, told.via, told.value
    from marked
    inner join told on marked.line = told.line and (told.via = 'address' or marked.call_key = told.call_key)
    where
        length(told.value) >= 6
        and tied_word(told.place, told.name) not in (select word from no_words where word is not null)
),

final as (
    select *, dense_rank() over (order by via, value) as value_number from named
)

select * from final
