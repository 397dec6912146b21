-- A token is a nested keyed SHA-256, cut to 128 bits: the same key and value give the same token for ever,
-- and without the key a list of all telephone numbers tells nothing.
create or replace temp macro token_of(kind, value) as
left(sha256(getvariable('token_key') || sha256(getvariable('token_key') || kind || chr(31) || value)), 32)::uuid;

-- Runs of space as one. Most texts have none but single spaces, and to find that out costs a sixth of looking for runs.
create or replace temp macro one_spaced(given) as
case
    when contains(given, '  ')
        or contains(given, chr(9))
        or contains(given, chr(10))
        or contains(given, chr(12))
        or contains(given, chr(13))
        then regexp_replace(given, '\s+', ' ', 'g')
    else given
end;

-- A code as rules know it, whatever letter case, spaces, underscores and hyphens join its words.
create or replace temp macro folded_code(given) as
upper(trim(regexp_replace(given, '[\s_-]+', ' ', 'g')));

-- What two addresses have in common whatever letter case, accents, spaces and stops they are written with.
create or replace temp macro folded_place(given) as
regexp_replace(upper(strip_accents(given)), '[^A-Z0-9]+', '', 'g');

-- A person as a name and a birth date tell one; null where either is missing.
create or replace temp macro folded_person(name, birth_date) as
nullif(regexp_replace(upper(strip_accents(name)), '[^\p{L}\p{N}]+', '', 'g'), '')
|| ' ' || nullif(regexp_replace(upper(birth_date), '[^A-Z0-9]+', '', 'g'), '');

-- What may tie a call to another's: word is what must not be a word for no place. Nulls are no value.
create or replace temp macro tie_values(home, postcode, location, person) as
[
    struct_pack(via := 'person', value := person, word := split_part(person, ' ', 1), is_home := true),
    struct_pack(via := 'address', value := home || ' ' || postcode, word := home, is_home := true),
    struct_pack(via := 'place', value := home || postcode, word := home, is_home := true),
    struct_pack(via := 'place', value := home, word := home, is_home := true),
    struct_pack(via := 'place', value := location, word := location, is_home := false)
];

-- In capitals, without what joins letters to words.
create or replace temp macro without_joins(given) as
upper(regexp_replace(strip_accents(given), '[\p{Cf}.''’‘ʼ`´]+', '', 'g'));

-- A list of markers as a text in which words stand between spaces, and markers between bars. Logs part lists and dress
-- words as they like, and a missed marker is a missed victim: whatever is no letter or figure parts words, and once
-- more with what joins them (stops, apostrophes, marks that nobody sees) taken out, so that D.V. is DV. Strokes and
-- ampersands part markers, and join letters: a last time they are taken for what they stand for, A&E for A and E and
-- D/V for DV.
create or replace temp macro marker_text(given) as
regexp_replace(regexp_replace(regexp_replace(
    regexp_replace(
        '|' || upper(strip_accents(given)) || '|' || without_joins(given) || '|', '[;|,/&+\n\r\t]+', '|', 'g'
    )
    || case
        when contains(given, '&') or contains(given, '+')
            then regexp_replace(replace(without_joins(given), '/', '|'), '[&+]+', ' AND ', 'g') || '|'
        else ''
    end
    || case
        when contains(given, '/') then replace(regexp_replace(without_joins(given), '[&+]+', '|', 'g'), '/', '') || '|'
        else ''
    end,
    '[;|,\n\r\t]+', '|', 'g'
), '[^\p{L}\p{N}|]+', ' ', 'g'), ' *[|][ |]*', ' | ', 'g');

-- A rule's marker as such a text has its words.
create or replace temp macro rule_words(marker) as
trim(regexp_replace(
    upper(regexp_replace(strip_accents(marker), '[\p{Cf}.''’‘ʼ`´]+', '', 'g')), '[^\p{L}\p{N}]+', ' ', 'g'
));

-- What to look for in that text: the words as a whole, written apart or as one. A number tells something only at the
-- front of a marker: 55 is the silent solution's, and an age or a flat's anywhere else.
create or replace temp macro marker_needles(marker) as
case
    when rule_words(marker) = '' then []
    when regexp_full_match(rule_words(marker), '\p{N}+') then ['| ' || rule_words(marker) || ' ']
    else list_distinct([' ' || rule_words(marker) || ' ', ' ' || replace(rule_words(marker), ' ', '') || ' '])
end;
