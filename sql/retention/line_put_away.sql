-- One row: a line and the bounds within which it goes. Params: $token, $held_from, $held_to (null: no end).
select $token::uuid as token, $held_from::timestamp as held_from, $held_to::timestamp as held_to
