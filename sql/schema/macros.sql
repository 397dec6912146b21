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

-- What two addresses have in common whatever letter case, accents, spaces and stops they are written with, and with the
-- commonest words for streets in full or not: what costs next to nothing on every row. Ends of words go wherever
-- they stand, alike in both.
create or replace temp macro folded_place(given) as
replace(
    regexp_replace(upper(strip_accents(given)), '[^A-Z0-9]+|REET\b|NUE\b|UARE\b|CENT\b', '', 'g'), 'ROAD', 'RD'
);

-- The words of a name, less titles and fillers.
create or replace temp macro name_words(given) as
list_filter(
    string_split(regexp_replace(upper(strip_accents(given)), '[^\p{L}\p{N}]+', ' ', 'g'), ' '),
    lambda word: word <> '' and not list_contains([
        'MR', 'MRS', 'MS', 'MISS', 'DR', 'PROF', 'REV', 'SIR', 'LADY', 'LTD', 'LIMITED', 'PLC', 'THE', 'OF', 'AND',
        'UNKNOWN', 'NOT', 'KNOWN', 'AVAILABLE', 'REGISTERED', 'UNREGISTERED', 'PREPAID', 'PREPAY', 'PAYG', 'CUSTOMER',
        'SUBSCRIBER', 'NONE', 'NA'
    ], word)
);

-- The postcode with which a text ends.
create or replace temp macro end_postcode(given) as
nullif(
    replace(regexp_extract(upper(given), '\b([A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2})[^A-Z0-9]*$', 1), ' ', ''), ''
);

-- The postcode of a home: its own, or the one with which the address ends.
create or replace temp macro home_postcode(home, postcode) as
coalesce(nullif(regexp_replace(upper(postcode), '[^A-Z0-9]+', '', 'g'), ''), end_postcode(home));

-- A folded place with other words for streets as short as they are written, alike wherever they stand: in two parts.
create or replace temp macro with_short_ends(folded) as
replace(
    replace(replace(replace(replace(folded, 'COURT', 'CT'), 'DRIVE', 'DR'), 'GARDENS', 'GDNS'), 'PLACE', 'PL'),
    'TERRACE', 'TER'
);

create or replace temp macro short_place(folded) as
with_short_ends(
    replace(replace(replace(replace(folded, 'SAINT', 'ST'), 'AVE', 'AV'), 'LANE', 'LN'), 'CLOSE', 'CL')
);

-- An address without its own postcode and without words of two letters and more, or names with an apostrophe.
create or replace temp macro without_words(given, postcode) as
regexp_replace(
    replace(replace(upper(given), right(postcode, 3), ' '), left(postcode, -3), ' '),
    '(?:(?:\b[A-Z][''’])?[A-Z]{2,}(?:[''’]S\b)?|[^0-9A-Z]+)+', ' ', 'g'
);

-- Its numbers and single letters in order, so that Flat 2, 12A is 12A, Flat 2.
create or replace temp macro door_numbers(given, postcode) as
array_to_string(list_sort(regexp_extract_all(without_words(given, postcode), '[1-9][0-9]*|[A-Z]')), ' ');

-- A door, whatever its street is called: a whole postcode, and what numbers it. Empty where there is no number: a house
-- goes by its name.
create or replace temp macro folded_door(given, postcode) as
case
    when regexp_full_match(postcode, '[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}')
        then regexp_extract(postcode || ' ' || door_numbers(given, postcode), '^[A-Z0-9]+ [0-9].*$')
end;

-- A day of birth in one form, day first where a text does not say which comes first; what is no day stays as it is.
create or replace temp macro folded_day(given) as
coalesce(
    strftime(try_strptime(
        translate(regexp_replace(trim(given), '[T ]+[0-9]{1,2}:.*$', ''), '/. ', '---'),
        ['%Y-%m-%d', '%d-%m-%Y', '%d-%b-%Y', '%d-%B-%Y', '%Y%m%d']
    ), '%Y%m%d'),
    nullif(regexp_replace(upper(given), '[^A-Z0-9]+', '', 'g'), '')
);

-- The letters of a name in order: logs part, join and turn the words of a name as they like.
create or replace temp macro name_letters(given) as
array_to_string(list_sort(string_split(list_aggregate(name_words(given), 'string_agg', ''), '')), '');

-- A person as a name and a birth date tell one; null where either is missing.
create or replace temp macro folded_person(name, birth_date) as
case when name is not null and birth_date is not null then name_letters(name) || ' ' || folded_day(birth_date) end;

-- What may tie a call to another's: a home, a location, a person. Nulls are no value. What many have in common by its
-- door few may have as it is spelled, so both are values.
create or replace temp macro home_ties(home, postcode) as
[
    struct_pack(via := 'address', value := postcode || ' ' || short_place(folded_place(home))),
    struct_pack(via := 'address', value := folded_door(home, postcode)),
    struct_pack(via := 'place', value := folded_door(home, postcode)),
    struct_pack(via := 'place', value := folded_place(home) || postcode),
    struct_pack(via := 'place', value := folded_place(home))
];

create or replace temp macro location_ties(location) as
[
    struct_pack(via := 'place', value := folded_door(location, end_postcode(location))),
    struct_pack(via := 'place', value := folded_place(location))
];

create or replace temp macro person_ties(name, birth_date) as
[struct_pack(via := 'person', value := folded_person(name, birth_date))];

-- How what they are of must not stand among no_values: a home or a location, or else a name.
create or replace temp macro tied_word(place, name) as
coalesce(folded_place(place), name_letters(name));

-- How a word for no place or nobody stands among those.
create or replace temp macro no_values(words) as
[folded_place(words), name_letters(words)];

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
