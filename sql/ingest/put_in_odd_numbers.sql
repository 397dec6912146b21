-- Gives staged rows what was made of odd numbers, parsed one by one: of odd_numbers, one row per string as logged.
-- Key: cli. What is scanned are the rows whose number is of no kind yet.
update staged_rows
set
    e164 = odd_numbers.e164,
    number_kind = odd_numbers.number_kind,
    number_token = odd_numbers.number_token,
    cli_token = odd_numbers.cli_token
from odd_numbers
where staged_rows.cli = odd_numbers.cli and staged_rows.number_kind is null;
