-- What retention/due_models found, as the table due_models, goes with all that was reckoned by it. No params.
delete from vault.identity_terms where model_digest in (select model_digest from due_models);

delete from vault.identity_features where model_digest in (select model_digest from due_models);

delete from vault.identity_pairs where model_digest in (select model_digest from due_models);

delete from vault.identity_scored where model_digest in (select model_digest from due_models);

delete from vault.identity_models where model_digest in (select model_digest from due_models);
