-- The rows that are to go in have just the columns and types of the call records they go into.
-- Door: landing
-- Severity: fail
-- Limits: 0 to 0
-- Finding: {value:.0f} columns are missing, extra or of another type: {scopes}
-- Next: this is a mistake of the program, not of the file: report it with the batch's id
with

landing as (
    select
        column_name,
        data_type
    from duckdb_columns()
    where table_name = 'landing_calls'
),

declared as (
    select
        column_name,
        data_type
    from duckdb_columns()
    where table_name = 'call_records' and database_name = current_database() and schema_name = 'main'
),

differing as (
    (select column_name from (select * from landing except select * from declared) as extra)
    union
    (select column_name from (select * from declared except select * from landing) as missing)
)

select
    coalesce(string_agg(column_name, ', ' order by column_name), 'columns') as scope,
    count(*)::double as value
from differing
