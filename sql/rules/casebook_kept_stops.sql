-- Stops as runs published them, on spells of other numbers than the one that was hit, or without spells on a call that
-- a pattern bars: they stay, whatever becomes of what spread them. hit: the marked or barred call; of rule 'person' the
-- stop's event; 'carried' for one kept over a change of model. Of rule 'put_away' a call that was barred when its
-- caller was put away.
create or replace table casebook_kept_stops (
    rule_id varchar, hit varchar, is_silent_only boolean, spell_ids varchar[]
)
