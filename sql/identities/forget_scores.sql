-- All that was reckoned of records goes, under whatever model; the records stay.
delete from vault.identity_pairs;

delete from vault.identity_features;

delete from vault.identity_scored;
