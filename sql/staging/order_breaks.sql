-- One row: how many rows of the file have two times the wrong way round.
-- Params: how the times are read ($order_zone and the like).
with

pairs as (
    select
        coalesce(
            read_given(earlier, $order_epoch, $order_takes_zoned, $order_zoned),
            to_utc(read_local(earlier, $order_epoch, $order_takes_iso, $order_takes_plain, $order_plain), $order_zone)
        ) as earlier_at,
        coalesce(
            read_given(later, $order_epoch, $order_takes_zoned, $order_zoned),
            to_utc(read_local(later, $order_epoch, $order_takes_iso, $order_takes_plain, $order_plain), $order_zone)
        ) as later_at
    from order_pairs
)

select count(*) as rows
from pairs
where later_at < earlier_at
