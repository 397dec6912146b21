-- One row per row of logged_numbers, with what its telephone number as logged, cli, is. Key: as there.
-- Params: the numbering plan of the source's region ($country_code, $national_prefix, $international_prefix,
-- $is_set_wise and one pattern a kind of line, as libphonenumber has them).
-- Kind is null where there is none, or it is odd: src/misuse/numbers.py parses those one by one.
with

logged as (
    select
        *,
        -- Most numbers are digits and nothing else: for those the patterns below need not be asked.
        regexp_full_match(cli, '[0-9]*') as is_digits
    from logged_numbers
),

stripped as (
    select
        *,
        case when is_digits then cli else regexp_replace(cli, '[ \-().]', '', 'g') end as compact,
        -- Digits of another script are parsed one by one: to say that they repeat takes reading them.
        case
            when is_digits then cli
            when regexp_full_match(cli, '[[:ascii:]]*') then regexp_replace(cli, '\D', '', 'g')
        end as typed
    from logged
),

dialled as (
    select
        *,
        if(is_digits, strlen(compact) between 7 and 15, regexp_full_match(compact, '\+?[0-9]{7,15}')) as is_dialled
    from stripped
),

-- What follows the country's code, where the string is written with it: +44…, 0044…, 44….
abroad as (
    select
        *,
        case
            when not $is_set_wise or not is_dialled then null
            when starts_with(compact, '+' || $country_code) then substr(compact, length($country_code) + 2)
            when starts_with(compact, $international_prefix || $country_code)
                then substr(compact, length($international_prefix || $country_code) + 1)
            when starts_with(compact, $country_code) and not regexp_full_match(compact, $general)
                then substr(compact, length($country_code) + 1)
        end as after_code
    from dialled
),

-- The digits as libphonenumber would take them for a national number, where the form leaves no doubt.
national as (
    select
        *,
        case
            -- The national prefix behind the code, as in +44 (0)20….
            when after_code is not null and $national_prefix <> '' and starts_with(after_code, $national_prefix)
                then substr(after_code, length($national_prefix) + 1)
            when after_code is not null then after_code
            when not $is_set_wise or not is_dialled or starts_with(compact, '+') then null
            when starts_with(compact, $international_prefix) then null
            when starts_with(compact, $national_prefix) then substr(compact, length($national_prefix) + 1)
            else compact
        end as digits
    from abroad
),

-- A placeholder is keyed in: one digit over all but the first three, seven times at least, or a run over the keypad.
matched as (
    select
        *,
        coalesce(regexp_full_match(digits, $general), false) as is_general,
        coalesce(
            regexp_full_match(typed, '0{5,}|1{5,}|2{5,}|3{5,}|4{5,}|5{5,}|6{5,}|7{5,}|8{5,}|9{5,}')
            or typed in ('1234567890', '0123456789', '01234567890', '123456789', '12345678901', '9876543210')
            or is_general and strlen(rtrim(digits, right(digits, 1))) <= least(3, strlen(digits) - 7)
            or is_general and regexp_full_match(digits, '[127]?0?(12345678(90?)?|98765432(10?)?)'), false
        ) as is_placeholder
    from national
)

-- The order of the kinds is libphonenumber's own; one pattern asks for all but fixed and mobile first.
select
    * exclude (is_digits, is_dialled, compact, typed, after_code, digits, is_placeholder, is_general),
    case when is_general and not is_placeholder then '+' || $country_code || digits end as e164,
    case
        when is_placeholder then 'placeholder'
        when not is_general then null
        when regexp_full_match(digits, $rare)
            then case
                    when regexp_full_match(digits, $premium) then 'other'
                    when regexp_full_match(digits, $toll_free) then 'freephone'
                    when regexp_full_match(digits, $shared_cost) then 'other'
                    when regexp_full_match(digits, $voip) then 'voip'
                    else 'other'
                end
        when regexp_full_match(digits, $fixed)
            then case when regexp_full_match(digits, $mobile) then 'fixed_or_mobile' else 'fixed' end
        when regexp_full_match(digits, $mobile) then 'mobile'
    end as number_kind
from matched
