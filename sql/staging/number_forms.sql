-- One row per distinct telephone number as logged. Key: cli.
-- Params: the numbering plan of the source's region ($country_code, $national_prefix, $is_set_wise and
-- one pattern a kind of line, as libphonenumber has them).
-- Kind is null where the string is odd: src/misuse/numbers.py parses those one by one.
with

logged as (
    select
        cli,
        regexp_replace(cli, '[\s\-().]', '', 'g') as compact
    from distinct_cli
),

-- The digits as libphonenumber would take them for a national number, where the form leaves no doubt.
national as (
    select
        cli,
        compact,
        case
            when not $is_set_wise or not regexp_full_match(compact, '\+?[0-9]{7,15}') then null
            when starts_with(compact, '+' || $country_code) then substr(compact, length($country_code) + 2)
            when starts_with(compact, '00' || $country_code) and $country_code <> '1'
                then substr(compact, length($country_code) + 3)
            when starts_with(compact, '+') then null
            when starts_with(compact, $national_prefix) then substr(compact, length($national_prefix) + 1)
            else compact
        end as digits
    from logged
),

matched as (
    select
        cli,
        digits,
        regexp_full_match(
            regexp_replace(compact, '\D', '', 'g'), '0{5,}|1{5,}|2{5,}|3{5,}|4{5,}|5{5,}|6{5,}|7{5,}|8{5,}|9{5,}'
        )
        or regexp_replace(compact, '\D', '', 'g') in
        ('1234567890', '0123456789', '01234567890', '123456789', '12345678901', '9876543210') as is_placeholder,
        coalesce(regexp_full_match(digits, $general), false) as is_general
    from national
)

-- The order of the kinds is libphonenumber's own.
select
    cli,
    case when is_general and not is_placeholder then '+' || $country_code || digits end as e164,
    case
        when is_placeholder then 'placeholder'
        when not is_general then null
        when regexp_full_match(digits, $premium) then 'other'
        when regexp_full_match(digits, $toll_free) then 'freephone'
        when regexp_full_match(digits, $shared_cost) then 'other'
        when regexp_full_match(digits, $voip) then 'voip'
        when regexp_full_match(digits, $personal) then 'other'
        when regexp_full_match(digits, $pager) then 'other'
        when regexp_full_match(digits, $universal) then 'other'
        when regexp_full_match(digits, $fixed) and regexp_full_match(digits, $mobile) then 'fixed_or_mobile'
        when regexp_full_match(digits, $fixed) then 'fixed'
        when regexp_full_match(digits, $mobile) then 'mobile'
    end as number_kind
from matched
