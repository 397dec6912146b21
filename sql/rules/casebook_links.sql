-- What people decided of pairs of spells, same or not_same, where no newer decision on the pair stands and none was
-- undone: each spell of one list with each of the other.
create or replace table casebook_links (
    link_id bigint, decision varchar, spells_a varchar[], spells_b varchar[], decided_at timestamp
)
