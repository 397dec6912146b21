-- A code as it may leave the vault. What is longer than any code, or holds what a telephone number or an address of the
-- net is made of (number_pattern: `in_code` of the region's numbering plan), is somebody's free text in a code's
-- column: that stays in the vault.
create or replace temp macro code_only(code, number_pattern) as (
    case
        when length(code) > 100 then '(NOT A CODE)'
        when length(code) >= 6 and regexp_matches(code, number_pattern) then '(NOT A CODE)'
        else code
    end
)
