-- One row per call of a frequent contact in which something is new though it was closed as misuse, as a duplicate or as
-- silent, and rule that looks for such. Key: rule_id, call_key. Param: $heard_pattern, every pattern of rule_words as
-- one, so that remarks are searched once; with no rule it matches nothing.
-- Contacts of any kind are counted through every number that may be the person's; what is new is asked of the number,
-- whoever held it, so that no link or holder that is found or undone takes a stop away; it stays new for the rule's
-- hours. Shared lines are nobody's history.
with

limits as (
    select rule_id, contacts, kinds, hours from rule_patterns where pattern = 'new_content'
),

-- Whoever was a frequent contact at some time: of the others nothing is asked.
frequent as (
    select distinct history.rule_id, history.reach_id
    from frequent_contacts as history
    inner join limits on history.rule_id = limits.rule_id and history.contacts_before >= limits.contacts
),

history as (
    select history.*, limits.contacts, limits.kinds, limits.hours
    from frequent_contacts as history
    inner join limits on history.rule_id = limits.rule_id
    semi join frequent on history.rule_id = frequent.rule_id and history.reach_id = frequent.reach_id
),

firsts as (
    select
        *,
        is_silent and row_number() over (
            partition by rule_id, token, is_silent order by received_at, call_key
        ) = 1 as is_first_silent,
        news_code is not null and row_number() over (
            partition by rule_id, token, news_code order by received_at, call_key
        ) = 1 as is_first_of_code,
        -- Reported by the same person shortly before, on whichever number: what a duplicate is a duplicate of.
        coalesce(received_at - lag(received_at) over (
            partition by rule_id, reach_id, news_code order by received_at, call_key
        ) <= to_hours(hours), false) as is_repeat
    from history
),

kinds_before as (
    select
        *,
        count(*) filter (where is_first_of_code) over (
            partition by rule_id, token order by received_at, call_key
            rows between unbounded preceding and 1 preceding
        ) as kinds_before
    from firsts
),

-- New is what began only once the caller was a frequent contact.
looked_at as (
    select
        *,
        max(case when is_first_silent and contacts_before >= contacts then received_at end) over (
            partition by rule_id, token
        ) + to_hours(hours) as silence_new_until,
        max(case
            when is_first_of_code and contacts_before >= contacts and kinds_before < kinds then received_at
        end) over (partition by rule_id, token, news_code) + to_hours(hours) as code_new_until
    from kinds_before
    qualify contacts_before >= contacts and (is_coded_misuse or is_duplicate or is_silent)
),

heard as (
    select looked_at.rule_id, looked_at.call_key, lower(details.remarks) as remarks
    from looked_at
    inner join vault.call_details as details
        on looked_at.call_key = details.call_key and looked_at.content_digest = details.content_digest
    where regexp_matches(lower(details.remarks), cast($heard_pattern as varchar))
),

spoken as (
    select distinct heard.rule_id, heard.call_key
    from heard
    inner join rule_words as words on heard.rule_id = words.rule_id and regexp_matches(heard.remarks, words.pattern)
),

final as (
    select looked_at.rule_id, looked_at.call_key, looked_at.received_at
    from looked_at
    left join spoken on looked_at.rule_id = spoken.rule_id and looked_at.call_key = spoken.call_key
    where
        spoken.call_key is not null
        or (looked_at.is_silent and (looked_at.is_duplicate or looked_at.received_at <= looked_at.silence_new_until))
        or (
            looked_at.news_code is not null
            and case
                when looked_at.is_duplicate then not looked_at.is_repeat
                else looked_at.received_at <= looked_at.code_new_until
            end
        )
)

select * from final
