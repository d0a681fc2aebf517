-- What a thief with the service's login would run; each is refused (test_forgeries.py). {name} is the id of a target.

-- name: lift a stop silently
UPDATE stops SET lifted_at = now(), lifted_by = placed_by, lift_reason = '' WHERE id = '{stop}';

-- name: half lift a stop
UPDATE stops SET lifted_at = now() WHERE id = '{stop}';

-- name: lift a stop in the past
UPDATE stops SET lifted_at = placed_at, lifted_by = placed_by, lift_reason = '' WHERE id = '{stop}';

-- name: lift an end
UPDATE stops SET lifted_at = now(), lifted_by = placed_by, lift_reason = '' WHERE id = '{end}';

-- name: place a lifted stop again
UPDATE stops SET lifted_at = NULL, lifted_by = NULL, lift_reason = NULL WHERE id = '{lifted}';

-- name: move a stop
UPDATE stops SET subject_id = gen_random_uuid() WHERE id = '{stop}';

-- name: make a stop somebody else's
UPDATE stops SET placed_by_organisation = gen_random_uuid() WHERE id = '{stop}';

-- name: make an end a suspension
UPDATE stops SET final = false WHERE id = '{end}';

-- name: forget a stop
DELETE FROM stops WHERE id = '{stop}';

-- name: place a stop silently
INSERT INTO stops (id, subject_kind, subject_id, reason, final, placed_by, placed_by_organisation, placed_at,
    begins_at) VALUES
    (gen_random_uuid(), 'product', '{product}', 'forged', false, '00000000-0000-0000-0000-000000000000'::uuid,
    '{regulator}', now(), now());

-- name: place a stop in the past
INSERT INTO stops (id, subject_kind, subject_id, reason, final, placed_by, placed_by_organisation, placed_at,
    begins_at) VALUES
    (gen_random_uuid(), 'product', '{product}', 'forged', false, '00000000-0000-0000-0000-000000000000'::uuid,
    '{regulator}', now() - interval '1 day', now());

-- name: place an end ahead
INSERT INTO stops (id, subject_kind, subject_id, reason, final, placed_by, placed_by_organisation, placed_at,
    begins_at) VALUES (gen_random_uuid(), 'product', '{product}', 'forged', true,
    '00000000-0000-0000-0000-000000000000'::uuid, '{regulator}', now(), now() + interval '1 day');

-- name: let a stop begin later
UPDATE stops SET begins_at = now() + interval '1 day' WHERE id = '{stop}';

-- name: place a stop that is lifted
INSERT INTO stops (id, subject_kind, subject_id, reason, final, placed_by, placed_by_organisation, placed_at, begins_at,
    lifted_at, lifted_by, lift_reason) VALUES (gen_random_uuid(), 'product', '{product}', 'forged', false,
    '00000000-0000-0000-0000-000000000000'::uuid, '{regulator}', now(), now(), now(),
    '00000000-0000-0000-0000-000000000000'::uuid, 'x');

-- name: sign nothing and conclude
UPDATE agreements SET status = 'agreed' WHERE id = '{ordered}';
UPDATE agreements SET status = 'finalized', finalized_at = now() WHERE id = '{ordered}';

-- name: conclude at once
UPDATE agreements SET status = 'finalized', finalized_at = now() WHERE id = '{ordered}';

-- name: sign for another
INSERT INTO agreement_signatures (id, agreement_id, organisation_id, signed_by, digest, witness, signed_at) SELECT
    gen_random_uuid(), id, owner_id, '00000000-0000-0000-0000-000000000000'::uuid, digest, '', now() FROM agreements
    WHERE id = '{ordered}';

-- name: sign another text
INSERT INTO agreement_signatures (id, agreement_id, organisation_id, signed_by, digest, witness, signed_at) SELECT
    gen_random_uuid(), id, operator_id, '00000000-0000-0000-0000-000000000000'::uuid,
    '0000000000000000000000000000000000000000000000000000000000000000', '', now() FROM agreements WHERE id =
    '{ordered}';

-- name: change the terms
UPDATE agreements SET document = '{}' WHERE id = '{concluded}';

-- name: change the buyer
UPDATE agreements SET buyer_id = owner_id WHERE id = '{concluded}';

-- name: bring an agreement back
UPDATE agreements SET status = 'finalized' WHERE id = '{terminated}';

-- name: end an agreement without a stop
UPDATE agreements SET status = 'terminated', terminated_at = now() WHERE id = '{concluded}';

-- name: insert a concluded agreement
INSERT INTO agreements SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid()))).* FROM
    agreements a WHERE id = '{concluded}';

-- name: widen a licence
UPDATE licences SET valid_until = 'infinity' WHERE agreement_id = '{concluded}';

-- name: raise a quota
UPDATE licence_counters SET quota_1 = NULL WHERE agreement_id = '{concluded}';

-- name: lower a counter
UPDATE licence_counters SET used_1 = 0 WHERE agreement_id = '{concluded}';

-- name: empty the links
UPDATE licence_counters SET links = '{}' WHERE agreement_id = '{concluded}';

-- name: forget usage
DELETE FROM usage_records;

-- name: forge usage
INSERT INTO usage_records SELECT * FROM usage_records LIMIT 1;

-- name: sign a review away
DELETE FROM contract_reviews;

-- name: bring a revoked authorisation back
UPDATE authorisations SET status = 'active' WHERE id = '{revoked}';

-- name: accept for the operator
UPDATE authorisations SET status = 'active' WHERE id = '{offered}';

-- name: accept for the operator without a signature
UPDATE authorisations SET status = 'active', accepted_at = now(), accepted_by = gen_random_uuid() WHERE id = '{offered}';

-- name: do without the authorising body
UPDATE authorisations SET procedure = 'two_party', authorising_body_id = NULL WHERE id = '{offered}';

-- name: authorise by two signatures
INSERT INTO authorisations (id, version, procedure, owner_id, operator_id, status, mode, scenarios, regions, purposes,
                            valid_from, valid_until, exclusive, consideration, owner_share, operator_share, platform_share,
                            offered_at, offered_by, offered_by_organisation, rules)
SELECT gen_random_uuid(), 1, 'two_party', owner_id, operator_id, 'offered', mode, scenarios, regions, purposes, valid_from,
       valid_until, exclusive, consideration, owner_share, operator_share, platform_share, offered_at, offered_by,
       offered_by_organisation, rules FROM authorisations WHERE id = '{offered}';

-- name: move an authorisation to another version
UPDATE authorisations SET version = version + 1 WHERE id = '{authorisation}';

-- name: take a signature under an authorisation away
DELETE FROM authorisation_signatures;

-- name: sign for another
UPDATE authorisation_signatures SET signed_by = gen_random_uuid();

-- name: lengthen an authorisation
UPDATE authorisations SET valid_until = 'infinity' WHERE id = '{authorisation}';

-- name: change the shares
UPDATE authorisations SET owner_share = 0, operator_share = 10000 WHERE id = '{authorisation}';

-- name: revoke without a stop
UPDATE authorisations SET status = 'revoked', ended_at = now() WHERE id = '{authorisation}';

-- name: take a scope back
UPDATE authorisation_cells SET term = tstzrange(lower(term), 'infinity') WHERE authorisation_id = '{authorisation}';

-- name: publish without review
UPDATE data_products SET status = 'published', published_at = now() WHERE id = '{draft}';

-- name: insert a published product
INSERT INTO data_products SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid()))).* FROM
    data_products p WHERE id = '{product}';

-- name: rewrite what was reviewed
UPDATE data_products SET description_en = 'better' WHERE id = '{product}';

-- name: take over a product
UPDATE data_products SET operator_id = owner_id WHERE id = '{product}';

-- name: change the price of a published product
UPDATE data_products SET plan_id = NULL WHERE id = '{product}';

-- name: reclassify a resource
UPDATE data_resources SET classification = 'general';

-- name: change a revision
UPDATE product_revisions SET sha256 = 'x';

-- name: undo a quality check
UPDATE quality_runs SET status = 'queued' WHERE status = 'done';

-- name: better a quality report
UPDATE quality_reports SET status = 'passed', grade = 'A';

-- name: pay an invoice without money
UPDATE invoices SET status = 'paid', paid_at = now() WHERE id = '{issued}';

-- name: refund an invoice unpaid
UPDATE invoices SET status = 'refunded' WHERE id = '{issued}';

-- name: make an invoice cheaper
UPDATE invoices SET total_minor = 0 WHERE id = '{issued}';

-- name: write a line off
INSERT INTO invoice_lines SELECT (jsonb_populate_record(l, '{"line": 99, "amount_minor": -1}')).* FROM invoice_lines l
    WHERE invoice_id = '{issued}' LIMIT 1;

-- name: pay with a payment from no bank entry
UPDATE invoices SET status = 'paid', paid_at = now() WHERE id = '{issued}';
INSERT INTO payments (id, invoice_id, rail, source_id, amount_minor, currency, received_at, payment_journal_id,
    split_journal_id, recorded_at) SELECT gen_random_uuid(), i.id, 'bank', gen_random_uuid(), i.total_minor,
    i.currency, now(), j.id, j.id, now() FROM invoices i JOIN ledger_journals j ON j.source_id = i.id WHERE i.id =
    '{issued}';

-- name: pay with a payment from no card
UPDATE invoices SET status = 'paid', paid_at = now() WHERE id = '{issued}';
INSERT INTO payments (id, invoice_id, rail, source_id, amount_minor, currency, received_at, payment_journal_id,
    split_journal_id, recorded_at) SELECT gen_random_uuid(), i.id, 'card', gen_random_uuid(), i.total_minor,
    i.currency, now(), j.id, j.id, now() FROM invoices i JOIN ledger_journals j ON j.source_id = i.id WHERE i.id =
    '{issued}';

-- name: insert a paid invoice
INSERT INTO invoices SELECT (jsonb_populate_record(i, jsonb_build_object('id', gen_random_uuid(), 'status', 'paid',
    'paid_at', now(), 'period_no', 99, 'number', 99, 'document_number', 'x', 'payment_reference', 'x'))).* FROM
    invoices i WHERE id = '{issued}';

-- name: take a number again
UPDATE invoice_series SET last_number = last_number - 1;

-- name: book out of balance
UPDATE ledger_postings SET amount = 0;

-- name: add an entry to a statement
INSERT INTO bank_entries (id, bank_statement_id, number, bank_reference, amount_minor, currency, booked_on,
    reference_texts, counterparty) VALUES (gen_random_uuid(), gen_random_uuid(), 1, 'x', 1, 'CNY', now(), '{}', 'x');

-- name: invent a statement
INSERT INTO bank_documents (digest, content, recorded_at, recorded_by) VALUES ('\x00', '', now(),
    '00000000-0000-0000-0000-000000000000'::uuid);
INSERT INTO bank_accounts (id, organisation_id, number, number_key, currency, for_invoices, status, registered_by,
    registered_at) VALUES ('00000000-0000-0000-0000-000000000009', gen_random_uuid(), 'x', 'x', 'CNY', false,
    'registered', gen_random_uuid(), now());
INSERT INTO bank_statements (id, bank_account_id, account, statement_id, digest, document_digest, currency,
    opening_minor, closing_minor, place, relisted_minor, imported_at, imported_by) VALUES (gen_random_uuid(),
    '00000000-0000-0000-0000-000000000009', 'x', 'x', '\x00', '\x00', 'CNY', 0, 1000000, 1, 0, now(),
    '00000000-0000-0000-0000-000000000000'::uuid);

-- name: take a statement of an account that nobody confirmed
INSERT INTO bank_documents (digest, content, recorded_at, recorded_by) VALUES ('\x00', '', now(),
    '00000000-0000-0000-0000-000000000000'::uuid);
INSERT INTO bank_accounts (id, organisation_id, number, number_key, currency, for_invoices, status, registered_by,
    registered_at) VALUES ('00000000-0000-0000-0000-000000000009', gen_random_uuid(), 'x', 'x', 'CNY', false,
    'registered', gen_random_uuid(), now());
INSERT INTO bank_statements (id, bank_account_id, account, statement_id, digest, document_digest, currency,
    opening_minor, closing_minor, place, relisted_minor, imported_at, imported_by) VALUES (gen_random_uuid(),
    '00000000-0000-0000-0000-000000000009', 'x', 'x', '\x00', '\x00', 'CNY', 0, 0, 1, 0, now(),
    '00000000-0000-0000-0000-000000000000'::uuid);

-- name: name an account of one's own on invoices
INSERT INTO bank_accounts (id, organisation_id, number, number_key, currency, bank_name_zh, holder_zh, for_invoices,
    status, registered_by, registered_at, confirmed_by, confirmed_at) VALUES (gen_random_uuid(), gen_random_uuid(),
    'x', 'x', 'CNY', 'x', 'x', true, 'active', gen_random_uuid(), now(), gen_random_uuid(), now());

-- name: send payments to another account
UPDATE bank_accounts SET number = 'x', number_key = 'x';

-- name: say that an invoice is partly paid
UPDATE invoices SET paid_minor = 1 WHERE id = '{issued}';

-- name: match a bank entry with parts that do not sum to it
WITH m AS (INSERT INTO bank_matches (id, entry_id, number, status, reason, journal_id, recorded_by, recorded_at)
    SELECT gen_random_uuid(), m.entry_id, m.number + 1, 'suspense', '"x"', m.journal_id, m.recorded_by, now()
      FROM bank_matches m WHERE m.entry_id = '{entry}' ORDER BY m.number DESC LIMIT 1 RETURNING id)
SELECT id FROM m;

-- name: match a bank entry with a journal of another
INSERT INTO bank_matches (id, entry_id, number, status, reason, journal_id, recorded_by, recorded_at)
    SELECT gen_random_uuid(), m.entry_id, 9, 'suspense', '"x"', m.journal_id, m.recorded_by, now()
      FROM bank_matches m WHERE m.entry_id = '{entry}' LIMIT 1;

-- name: add a part to a match
INSERT INTO bank_match_parts (match_id, number, kind, amount_minor) SELECT id, 9, 'suspense', 1 FROM bank_matches
    WHERE entry_id = '{entry}';

-- name: take a payment back without a journal
INSERT INTO payment_reversals (payment_id, journal_id, reason, reversed_by, reversed_at)
    SELECT id, payment_journal_id, 'x', '00000000-0000-0000-0000-000000000000'::uuid, now() FROM payments
     WHERE source_id = '{entry}';

-- name: ask for a refund by bank and approve it oneself
INSERT INTO refunds (id, rail, invoice_id, amount_minor, currency, reason, reference, payee_name, payee_account, status,
    requested_by, requested_at) SELECT '0190c0de-0000-7000-8000-000000000001'::uuid, 'bank', p.invoice_id, p.amount_minor,
    p.currency, 'x', 'RB00', 'x', 'x', 'requested', '00000000-0000-0000-0000-000000000000'::uuid, now() FROM payments p
     WHERE p.source_id = '{entry}';
UPDATE refunds SET status = 'approved', approved_at = now(), approved_by = '00000000-0000-0000-0000-000000000000'::uuid
    WHERE id = '0190c0de-0000-7000-8000-000000000001'::uuid;

-- name: give back what was not paid
INSERT INTO refunds (id, rail, invoice_id, payment_id, amount_minor, currency, reason, status, requested_by, requested_at)
    SELECT gen_random_uuid(), 'card', '{issued}', gen_random_uuid(), 1, 'CNY', 'x', 'requested',
    '00000000-0000-0000-0000-000000000000'::uuid, now();

-- name: make a rule
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status, approved_by) SELECT
    gen_random_uuid(), 'a.new.rule', 1, value, now(), 'forged', 'house', '00000000-0000-0000-0000-000000000000'::uuid
    FROM rulebook_parameters WHERE key = 'settlement.payment_term_days' ORDER BY version DESC LIMIT 1;

-- name: backdate a rule
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status, approved_by) SELECT
    gen_random_uuid(), key, version + 1, value, now() - interval '1 day', 'forged', 'house',
    '00000000-0000-0000-0000-000000000000'::uuid FROM rulebook_parameters WHERE key = 'settlement.payment_term_days'
    ORDER BY version DESC LIMIT 1;

-- name: skip a version of a rule
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status, approved_by) SELECT
    gen_random_uuid(), key, version + 2, value, now(), 'forged', 'house', '00000000-0000-0000-0000-000000000000'::uuid
    FROM rulebook_parameters WHERE key = 'settlement.payment_term_days' ORDER BY version DESC LIMIT 1;

-- name: make a version of a rule that nobody proposed
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status, approved_by) SELECT
    gen_random_uuid(), key, version + 1, value, now(), 'forged', 'house', '00000000-0000-0000-0000-000000000000'::uuid
    FROM rulebook_parameters WHERE key = 'settlement.payment_term_days' ORDER BY version DESC LIMIT 1;

-- name: approve the own proposal
INSERT INTO rule_proposals (id, key, value, source, source_status, status, proposed_by, proposed_by_organisation,
    proposed_at) VALUES ('00000000-0000-0000-0000-00000000000a', 'settlement.payment_term_days', '1', 'x', 'house',
    'proposed', '{regulator}', '{regulator}', now());
UPDATE rule_proposals SET status = 'approved', decided_by = proposed_by, decided_at = now()
 WHERE id = '00000000-0000-0000-0000-00000000000a';

-- name: approve what was not proposed
INSERT INTO rule_proposals (id, key, value, source, source_status, status, proposed_by, proposed_by_organisation,
    proposed_at) VALUES ('00000000-0000-0000-0000-00000000000a', 'settlement.payment_term_days', '1', 'x', 'house',
    'proposed', '{regulator}', '{regulator}', now());
UPDATE rule_proposals SET status = 'approved', decided_by = '{operator}', decided_at = now()
 WHERE id = '00000000-0000-0000-0000-00000000000a';
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status, proposal_id,
    proposed_by, approved_by, recorded_at) SELECT gen_random_uuid(), key, version + 1, '2', now(), 'x', 'house',
    '00000000-0000-0000-0000-00000000000a', '{regulator}', '{operator}', now()
    FROM rulebook_parameters WHERE key = 'settlement.payment_term_days' ORDER BY version DESC LIMIT 1;

-- name: give a rule a value that it may not hold
INSERT INTO rule_proposals (id, key, value, source, source_status, status, proposed_by, proposed_by_organisation,
    proposed_at) VALUES ('00000000-0000-0000-0000-00000000000a', 'quality.lowest_passing_grade', '"Z"', 'x', 'house',
    'proposed', '{regulator}', '{regulator}', now());
UPDATE rule_proposals SET status = 'approved', decided_by = '{operator}', decided_at = now()
 WHERE id = '00000000-0000-0000-0000-00000000000a';
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status, proposal_id,
    proposed_by, approved_by, recorded_at) SELECT gen_random_uuid(), key, version + 1, '"Z"', now(), 'x', 'house',
    '00000000-0000-0000-0000-00000000000a', '{regulator}', '{operator}', now()
    FROM rulebook_parameters WHERE key = 'quality.lowest_passing_grade' ORDER BY version DESC LIMIT 1;

-- name: propose a rule in the past
INSERT INTO rule_proposals (id, key, value, source, source_status, status, proposed_by, proposed_by_organisation,
    proposed_at) VALUES (gen_random_uuid(), 'settlement.payment_term_days', '1', 'x', 'house', 'proposed',
    '{regulator}', '{regulator}', now() - interval '1 day');

-- name: widen what a rule may hold
UPDATE rulebook_kinds SET maximum = '100000';

-- name: forget a proposal
DELETE FROM rule_proposals;

-- name: give a rule no source
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status, approved_by) SELECT
    gen_random_uuid(), key, version + 1, value, now(), ' ', 'house', '00000000-0000-0000-0000-000000000000'::uuid FROM
    rulebook_parameters WHERE key = 'settlement.payment_term_days' ORDER BY version DESC LIMIT 1;

-- name: approve a rule by nobody
INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status, approved_by) SELECT
    gen_random_uuid(), key, version + 1, value, now(), 'forged', 'house', NULL FROM rulebook_parameters WHERE key =
    'settlement.payment_term_days' ORDER BY version DESC LIMIT 1;

-- name: rewrite a rule
UPDATE rulebook_parameters SET value = '0';

-- name: rewrite the audit log
UPDATE audit_entries SET detail = '{}';

-- name: forget the audit log
DELETE FROM audit_entries;

-- name: rewrite a price plan
UPDATE price_plans SET charges = '[]';

-- name: become a regulator
UPDATE organisations SET kind = 'regulator' WHERE id = '{operator}';

-- name: hand a program over
UPDATE clients SET organisation_id = '{regulator}' WHERE organisation_id = '{operator}';

-- name: switch the triggers off
SET session_replication_role = replica;

-- name: drop a trigger
DROP TRIGGER stops_keep ON stops;

-- name: make a table
CREATE TABLE mine ();

-- name: become the owner
SET ROLE postgres;

-- name: let a registration end later
UPDATE stops SET begins_at = begins_at + interval '1 year' WHERE subject_id = '{resource}' AND lifted_at IS NULL;

-- name: lift the end of a registration silently
UPDATE stops SET lifted_at = now(), lifted_by = placed_by, lift_reason = '' WHERE subject_id = '{resource}'
    AND subject_kind = 'registration' AND lifted_at IS NULL;

-- name: change what is registered
UPDATE data_resources SET classification = 'IMPORTANT', title_en = 'forged' WHERE id = '{resource}';

-- name: prolong a registration in the row of its resource
UPDATE data_resources SET registered_until = registered_until + interval '1 year' WHERE id = '{resource}';

-- name: take a declaration of personal information back
UPDATE data_resources SET personal_information = true WHERE id = '{resource}';
UPDATE data_resources SET personal_information = false WHERE id = '{resource}';

-- name: begin as registered
INSERT INTO data_resources (id, owner_id, title_zh, title_en, description_zh, description_en, domain, update_frequency,
    classification, personal_information, raw_data_stays, created_at, created_by, registration_code, registered_until)
    SELECT gen_random_uuid(), owner_id, title_zh, title_en, description_zh, description_en, domain, update_frequency,
    classification, personal_information, raw_data_stays, now(), created_by, 'DR00', now() + interval '9 years'
    FROM data_resources WHERE id = '{resource}';

-- name: register without an application
INSERT INTO registrations (id, code, version, resource_id, number, owner_id, application_id, kind, content,
    content_sha256, valid_from, valid_until, registered_at, rules) SELECT gen_random_uuid(), code, version + 1, resource_id,
    number + 1, owner_id, gen_random_uuid(), kind, content, content_sha256, valid_from, valid_until + interval '9 years',
    now(), rules FROM registrations WHERE resource_id = '{resource}';

-- name: rewrite a registration
UPDATE registrations SET valid_until = valid_until + interval '9 years' WHERE resource_id = '{resource}';

-- name: forget a step of a registration
DELETE FROM registration_steps;

-- name: complete an application that nobody approved
UPDATE registration_applications SET status = 'accepted' WHERE id = '{applied}';
UPDATE registration_applications SET status = 'announced' WHERE id = '{applied}';
UPDATE registration_applications SET status = 'completed' WHERE id = '{applied}';
