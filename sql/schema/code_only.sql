-- A code as it may leave the vault. What is longer than any code, or holds what a telephone number (number_pattern:
-- `in_code` of the region's numbering plan) or an address of the net is made of, is somebody's free text in a code's
-- column: that stays in the vault. No number is shorter than eight signs, and most codes are.
create or replace temp macro code_only(code, number_pattern) as (
    case
        when length(code) > 100 then '(NOT A CODE)'
        when length(code) >= 8 and regexp_matches(code, number_pattern) then '(NOT A CODE)'
        when contains(code, '@') and regexp_matches(code, '[^\s@]@[^\s@]+\.[^\s@]') then '(NOT A CODE)'
        else code
    end
)
