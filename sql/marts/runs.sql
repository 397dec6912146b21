-- One row per run. Key: run_id. The published face of the run ledger.
select
    run_id,
    as_of,
    started_at,
    finished_at,
    status,
    code_version,
    settings_digest,
    rules_digest,
    input_digest,
    casebook_head,
    nullif(model_digest, '') as identity_model,
    calls,
    misuse_calls,
    persistent_callers,
    failed_checks,
    warned_checks
from run_ledger
