-- One row per term worth pinning: its rarity in bits, and how rare a term is that the model never saw (the empty
-- term). Key: kind, term, other.
-- A day of the year that more than five times its share of birth dates falls on is a default, and no evidence.
with

final as (
    select kind, term, '' as other, round(-log2(records / total), 2) as amount
    from term_counts
    where kind <> 'day' and records > 1
    union all
    select kind, '', '', round(log2(max(total)), 2)
    from term_counts
    where kind <> 'day'
    group by kind
    union all
    select 'default', term, '', round(-log2(records / total), 2)
    from term_counts
    where kind = 'day' and records > 5 * total / 365.25 and records >= 20
)

select * from final
