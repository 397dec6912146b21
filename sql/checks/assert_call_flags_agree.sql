-- Misuse is coded misuse neither stopped nor doubtful, a call has a caller and a kind of caller or neither.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} calls contradict themselves: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

counts as (
    select
        [
            'misuse flags', 'doubtful though stopped', 'caller without kind', 'caller that is not in callers',
            'call of a stopped caller counted', 'episode of no misuse call'
        ] as scopes,
        [
            count(*) filter (
                where is_misuse is distinct from (is_coded_misuse and not calls.is_stopped and not is_doubtful)
            ),
            count(*) filter (where is_doubtful and (calls.is_stopped or not is_coded_misuse)),
            count(*) filter (where (calls.caller_id is null) <> (calls.identity_kind is null)),
            count(*) filter (where calls.caller_id is not null and callers.caller_id is null),
            count(*) filter (where calls.is_misuse and callers.is_stopped),
            count(*) filter (where episode_number is not null and not is_misuse)
        ] as offending
    from calls
    left join callers on calls.caller_id = callers.caller_id
)

select unnest(scopes) as scope, unnest(offending)::double as value
from counts
