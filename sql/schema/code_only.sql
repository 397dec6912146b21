-- A code as it may leave the vault. What is longer than any code, or holds a run of digits as long as a telephone
-- number (a ward of E05000026 is shorter), is somebody's free text in a code's column: that stays in the vault.
create or replace temp macro code_only(code) as (
    case
        when length(code) > 100 then '(NOT A CODE)'
        when length(code) >= 9 and regexp_matches(code, '([0-9][ ()./-]*){9,}') then '(NOT A CODE)'
        else code
    end
)
