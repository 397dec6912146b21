-- The vault, version 2: who may be whom. A record is what is known of a holder, not who holds it; scores
-- belong to the model that made them and stay true for ever, since they depend on the two records and the
-- model alone.

-- One row per distinct combination of details. Key: record_key.
create table identity_records (
    record_key uuid not null,
    subscriber_name varchar,
    subscriber_address varchar,
    subscriber_postcode varchar,
    person_name varchar,
    birth_date varchar
);

-- One row per pair worth keeping, record_a <= record_b. Key: model_digest, record_a, record_b. A pair of a record
-- with itself says how surely two holders with exactly these details are one person. Weights in bits: of two holders
-- of any numbers, and of two who held one number in turn, who are far likelier one person.
create table identity_pairs (
    model_digest varchar not null,
    record_a uuid not null,
    record_b uuid not null,
    weight double not null,
    same_number_weight double not null,
    reasons varchar not null
);

-- Records of holders who held one number in turn: worth comparing whatever they say. Key: record_a, record_b;
-- record_a <= record_b.
create table identity_turns (
    record_a uuid not null,
    record_b uuid not null
);

-- Records that a model has compared with every other of that time. Key: model_digest, record_key.
create table identity_scored (
    model_digest varchar not null,
    record_key uuid not null
);

-- What a model compares of a scored record, and the keys that bring candidates together. Key: model_digest, record_key.
create table identity_features (
    model_digest varchar not null,
    record_key uuid not null,
    names varchar[],
    kin varchar[],
    places varchar[],
    place_kin varchar[],
    postcode varchar,
    birth varchar,
    keys ubigint[]
);

-- The models, each pinned by the digest of its document and its terms. Key: model_digest.
create table identity_models (
    model_digest varchar not null,
    made_at timestamp not null,
    made_by varchar not null,
    status varchar not null, -- candidate, in_force, replaced
    document varchar not null -- JSON: parameters, cuts, what it was trained on
);

-- What a model learned of single values: how common each is (amount: bits of rarity), and which spellings stand
-- for one another (other). Key: model_digest, kind, term, other.
create table identity_terms (
    model_digest varchar not null,
    kind varchar not null,
    term varchar not null,
    other varchar not null,
    amount double not null
);
