-- One row: how the coded misuse of the headline window was told apart. Params: $as_of, $window_days, $channel.
select
    count(*) as coded,
    count(*) filter (is_stopped) as stopped,
    count(*) filter (is_doubtful) as doubtful,
    count(*) filter (is_misuse) as misuse,
    count(*) filter (is_misuse and caller_id is null) as unidentified,
    count(*) filter (is_misuse and identity_kind in ('shared_line', 'premises')) as shared
from calls
where
    is_coded_misuse
    and channel = $channel
    and local_date > $as_of::date - $window_days::integer
    and local_date <= $as_of
