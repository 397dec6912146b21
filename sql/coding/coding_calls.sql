-- One row per call of the headline window and channel that no hard stop bars. Key: call_key. No params.
-- kind: misuse (coded so), doubtful (coded so, but in doubt) or other; code: what decided, or why it is doubtful.
-- is_frequent: of a person with at least the threshold's number of such calls, whatever their codes; only they can be
-- over the line, and caller_id is theirs alone. What a stop bars is no misuse whatever anybody codes, so it stays out.
with

in_window as (
    select
        calls.call_key, calls.caller_id, calls.identity_kind, windows.threshold,
        case when calls.is_misuse then 'misuse' when calls.is_doubtful then 'doubtful' else 'other' end as kind,
        case
            when calls.is_doubtful then calls.doubt_kind
            else coalesce(calls.closing_code, calls.opening_code, '(no code)')
        end as code
    from calls
    inner join windows on calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    where windows.window_name = 'headline' and calls.channel = windows.channel and not calls.is_stopped
),

frequent as (
    select caller_id
    from in_window
    where identity_kind = 'person'
    group by caller_id
    having count(*) >= max(threshold)
),

final as (
    select
        in_window.call_key, frequent.caller_id, frequent.caller_id is not null as is_frequent, in_window.kind,
        in_window.code
    from in_window
    left join frequent on in_window.caller_id = frequent.caller_id
)

select * from final
