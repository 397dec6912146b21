-- One row per local month, with the share of misuse that the persistent callers made. Key: month.
select
    month,
    is_whole,
    days,
    calls,
    misuse_calls,
    persistent_misuse_calls,
    case when misuse_calls > 0 then persistent_misuse_calls / misuse_calls end as share
from misuse_monthly
order by month
