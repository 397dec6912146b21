-- The words that details are compared in. A term carries its rarity before it: one letter, two steps to a bit,
-- so that two details are compared by themselves, without a look at the table of frequencies.

create or replace temp macro rarity_letter(bits) as (
    chr(48 + cast(round(greatest(least(bits, 20), 0) * 2) as integer))
);
create or replace temp macro bits_of(term) as (coalesce((ascii(term) - 48) / 2, 0));
create or replace temp macro word_of(term) as (term[2:]);
create or replace temp macro bits_of_all(terms) as (coalesce(list_sum(list_transform(terms, lambda t: bits_of(t))), 0));

create or replace temp macro words_in(x) as (
    list_distinct(list_filter(
        string_split(regexp_replace(strip_accents(lower(x)), '[^\p{L}\p{N}]+', ' ', 'g'), ' '), lambda w: w <> ''
    ))
);

-- Words that stand for nothing known: a name or an address of these alone is blank.
create or replace temp macro told_words(x) as (
    case
        when
            len(list_filter(words_in(x), lambda w: not list_contains([
                'unknown', 'not', 'known', 'available', 'registered', 'unregistered', 'prepaid', 'prepay', 'payg',
                'customer', 'subscriber', 'none', 'n', 'a', 'na', 'no', 'name', 'address', 'withheld', 'details',
                'given', 'refused'
            ], w))) > 0
            then words_in(x)
    end
);

-- Terms of one list that the other lacks, in their order: the rarest first.
create or replace temp macro rest_of(terms, others) as (list_filter(terms, lambda t: not list_contains(others, t)));
create or replace temp macro shared_of(terms, others) as (list_filter(terms, lambda t: list_contains(others, t)));

-- One word is the other with a slip of the pen or of the ear, or its initial. Cheap questions come first.
create or replace temp macro is_slip(term, other) as (
    case
        when term is null or other is null then false
        when length(term) < 5 or length(other) < 5
            then (length(term) = 2 and other[2] = term[2]) or (length(other) = 2 and other[2] = term[2])
        when abs(length(term) - length(other)) > 2 then false
        when jaro_similarity(term, other) < 0.72 then false
        when length(term) + length(other) >= 16 then levenshtein(word_of(term), word_of(other)) <= 2
        else levenshtein(word_of(term), word_of(other)) <= 1
            or (length(term) = length(other) and jaro_similarity(word_of(term), word_of(other)) >= 0.93)
    end
);
create or replace temp macro is_kin(term, kin) as (coalesce(list_contains(kin, term), false));

-- Names: 0 nothing agrees; then seven steps of how rare it is what agrees, each in three: both have more that
-- disagrees, one has more, neither has.
create or replace temp macro rarity_step(bits) as (
    case
        when bits >= 24 then 7
        when bits >= 19 then 6
        when bits >= 15.5 then 5
        when bits >= 12.5 then 4
        when bits >= 10 then 3
        when bits >= 7 then 2
        when bits > 0 then 1
        else 0
    end
);
create or replace temp macro name_level(bits, over_a, over_b) as (
    case
        when bits <= 0 then 0
        when over_a > 0 and over_b > 0 then rarity_step(bits) * 3 - 2
        when over_a > 0 or over_b > 0 then rarity_step(bits) * 3 - 1
        else rarity_step(bits) * 3
    end
);

-- Addresses: 0 not known of both, 1 differ, 2 something agrees, 3 much agrees or the same common place, 4 the same in
-- all but little. Bits of the words that agree; known spellings of one another count for seven tenths.
create or replace temp macro place_bits(places, other, other_kin) as (
    bits_of_all(shared_of(places, other))
    + case
        when len(other_kin) > 0 then 0.7 * bits_of_all(shared_of(rest_of(places, other), other_kin)) else 0
    end
);
create or replace temp macro address_level(bits, whole, are_same) as (
    case
        when bits is null then 0
        when bits >= 9 and bits >= 0.7 * whole then 4
        when bits >= 9 or are_same then 3
        when bits > 3 then 2
        else 1
    end
);

-- Postcodes: 0 not known of both, 1 differ, 2 the area, 3 the district, 4 the sector, 5 a letter apart, 6 the same.
create or replace temp macro sector_of(postcode) as (postcode[:-3]);
create or replace temp macro district_of(postcode) as (postcode[:-4]);
create or replace temp macro area_of(postcode) as (regexp_extract(postcode, '^[a-z]+'));
create or replace temp macro postcode_level(postcode, other) as (
    case
        when postcode is null or other is null then 0
        when postcode = other then 6
        when levenshtein(postcode, other) <= 1 then 5
        when sector_of(postcode) = sector_of(other) then 4
        when district_of(postcode) = district_of(other) then 3
        when area_of(postcode) = area_of(other) then 2
        else 1
    end
);

-- Birth dates as rarity letter, default or not (! or .), year, month, day. Levels: 0 differ, 1 the year agrees,
-- 2 two digits apart or default days of near years, 3 one is a default day of the same year, 4 one digit apart or
-- day and month swapped, 5 and 6 the same default day, common and rare, 7 the same day.
create or replace temp macro is_default_birth(birth) as (birth[2] = '!');
create or replace temp macro year_of(birth) as (birth[3:6]);
create or replace temp macro birth_level(birth, other) as (
    case
        when birth = other
            then case when not is_default_birth(birth) then 7 when bits_of(birth) >= 9 then 6 else 5 end
        when is_default_birth(birth) and is_default_birth(other)
            then case when levenshtein(year_of(birth), year_of(other)) <= 1 then 2 else 0 end
        when levenshtein(birth[3:], other[3:]) <= 1
            or (year_of(birth) = year_of(other) and birth[7:8] = other[9:10] and birth[9:10] = other[7:8])
            then 4
        when year_of(birth) = year_of(other) and (is_default_birth(birth) or is_default_birth(other)) then 3
        when hamming(birth[3:], other[3:]) <= 2 then 2
        when year_of(birth) = year_of(other) then 1
        else 0
    end
);

-- What two records both know, as a number of three bits: 4 name, 2 home, 1 birth date.
create or replace temp macro known_of(name, home, birth) as (
    4 * cast(name is not null as integer) + 2 * cast(home is not null as integer) + cast(birth is not null as integer)
)
