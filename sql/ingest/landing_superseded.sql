-- One row per record that goes in as a superseded version of its call. Key: call_key, content_digest.
select * exclude (verdict)
from landing_rows
where verdict = 'superseded'
