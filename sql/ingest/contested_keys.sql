-- One row per repeated call, where another layout than the file's has read files that are in. Key: call_key.
-- Params: $layout_turn. Empty while a source has one layout, which so pays nothing.
select call_key
from repeated_keys
where exists (select 1 from live_turns where layout_turn <> $layout_turn)
