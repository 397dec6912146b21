-- Where do misuse codes contradict the call's own facts most often: a question for coding, borough by borough?
-- param least = 20; coded misuse calls in the borough and code, at least
select
    coalesce(borough, 'not recorded') as borough,
    coalesce(closing_code, opening_code, 'none') as code,
    count(*) as coded_misuse_calls,
    count(*) filter (where is_doubtful) as doubtful_calls,
    round(count(*) filter (where is_doubtful) / count(*), 3) as doubtful_share
from calls
inner join windows
    on
        windows.window_name = 'headline' and calls.channel = windows.channel
        and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
where is_coded_misuse
group by all
having count(*) >= $least
order by doubtful_share desc, coded_misuse_calls desc, borough, code
