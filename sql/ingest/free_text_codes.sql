-- One row per record with free text in a code's column, as it stood. Key: row_number. Such text stays in the vault.
with

told as (
    select
        row_number,
        nullif(
            concat_ws(
                ' | ',
                case when code_only(channel) <> channel then channel end,
                case when code_only(cli_status) <> cli_status then cli_status end,
                case when code_only(opening_code) <> opening_code then opening_code end,
                case when code_only(closing_code) <> closing_code then closing_code end,
                case when code_only(qualifiers) <> qualifiers then qualifiers end,
                case when code_only(result_code) <> result_code then result_code end,
                case when code_only(grade) <> grade then grade end,
                case when code_only(borough) <> borough then borough end,
                case when code_only(ward) <> ward then ward end
            ),
            ''
        ) as free_text_codes
    from arrivals
)

select row_number, free_text_codes
from told
where free_text_codes is not null
