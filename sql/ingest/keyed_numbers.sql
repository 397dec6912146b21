-- One row per row of number_forms, with the tokens of its number. Key: as there.
-- Params: $is_premises (the source's callers are premises, not numbers).
select
    *,
    case when e164 is not null and not $is_premises then token_of('number', e164) end as number_token,
    case
        when number_kind in ('malformed', 'placeholder') and not $is_premises
            then token_of('cli', upper(regexp_replace(cli, '\s', '', 'g')))
    end as cli_token
from number_forms
