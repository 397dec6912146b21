-- The vault's rows follow their calls to the batch that bears them now.
update vault.call_details set batch_id = rehomed.batch_id
from rehomed
where
    vault.call_details.call_key = rehomed.call_key
    and vault.call_details.content_digest = rehomed.content_digest
