-- One row per quiet number, which goes whatever the time. Key: token. No params; reads what quiet_lines makes.
select token, null::timestamp as held_from, null::timestamp as held_to
from quiet_lines
