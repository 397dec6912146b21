-- Number-holding spells part the calls of those who called: each call in one spell, each spell in one caller.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: spells and calls differ by up to {value:.0f}: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

by_caller as (
    select
        caller_id, sum(calls) as calls, min(identity_kind) as identity_kind, max(identity_kind) as other_kind
    from caller_spells
    group by caller_id
),

compared as (
    select
        count(*) filter (where callers.caller_id is null or by_caller.caller_id is null) as strangers,
        count(*) filter (where callers.calls <> by_caller.calls) as miscounted,
        count(*) filter (
            where by_caller.identity_kind <> by_caller.other_kind or callers.identity_kind <> by_caller.identity_kind
        ) as of_two_kinds
    from callers
    full join by_caller on callers.caller_id = by_caller.caller_id
)

select 'callers without a spell, or the reverse' as scope, strangers::double as value from compared
union all
select 'callers whose spells hold other calls', miscounted::double from compared
union all
select 'callers of two kinds', of_two_kinds::double from compared
union all
select
    'calls in no spell, or with another caller than their spell',
    count(*) filter (
        where calls.caller_id is distinct from spells.caller_id
        or (calls.spell_id is null) <> (calls.caller_id is null)
    )::double
from calls
left join caller_spells as spells on calls.spell_id = spells.spell_id
