-- One row: the headline window of the copy published before, which is attached as previous. None where there is none.
with

final as (
    select run_id, as_of, window_from, window_to, threshold from previous.windows where window_name = 'headline'
)

select * from final
