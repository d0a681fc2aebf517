SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
COMMENT ON SCHEMA "public" IS 'standard public schema';
CREATE TYPE "public"."pgqueuer_status" AS ENUM (
    'queued',
    'picked',
    'successful',
    'exception',
    'canceled',
    'deleted',
    'failed'
);
CREATE FUNCTION "public"."admit_calls"("p_licences" "uuid"[], "p_slots" integer[], "p_records" "uuid"[], "p_keys" "text"[], "p_digests" "bytea"[], "p_calls" integer[], "p_rows" integer[], "p_bytes" bigint[], "p_revisions" "uuid"[], "p_purposes" "text"[], "p_clients" "uuid"[], "p_bounds" integer[], OUT "recorded_at" timestamp with time zone, OUT "periods" integer[], OUT "left_calls" bigint[], OUT "left_rows" bigint[], OUT "reasons" "text"[], OUT "outcomes" "text"[], OUT "first_records" "uuid"[]) RETURNS "record"
    LANGUAGE "plpgsql"
    SET "search_path" TO 'public', 'pg_temp'
    SET "plan_cache_mode" TO 'force_generic_plan'
    SET "enable_seqscan" TO 'off'
    SET "enable_hashjoin" TO 'off'
    SET "enable_mergejoin" TO 'off'
    SET "jit" TO 'off'
    AS $$
DECLARE
    v_states text[];
    v_products uuid[];
    v_tight boolean := false;
    v_slots int[];
    v_calls bigint[];
    v_rows bigint[];
    v_leaders int[];
    v_taken int[];
    v_slot int;
    v_first int;
BEGIN
    -- 1. Lock, in one order for everybody. Only this; what the rows hold is read by the next statement, whose
    --    snapshot is taken after the last lock was granted and so sees all that earlier holders committed.
    PERFORM 1 FROM licence_counters WHERE licence_id = ANY (p_licences) ORDER BY licence_id FOR UPDATE;
    recorded_at := clock_timestamp();

    -- 2. Is each licence live, and what is left of it?
    SELECT array_agg(l.state), array_agg(l.reason), array_agg(l.product_id), array_agg(l.period_no),
           array_agg(l.left_calls), array_agg(l.left_rows)
      INTO v_states, reasons, v_products, periods, left_calls, left_rows
      FROM (SELECT c.product_id, c.period_no, c.quota_calls - c.used_calls AS left_calls,
                   c.quota_rows - c.used_rows AS left_rows, s.reason,
                   CASE WHEN c.licence_id IS NULL THEN 'unknown'
                        WHEN s.reason IS NOT NULL THEN 'stopped'
                        WHEN recorded_at < c.valid_from THEN 'not_yet_valid'
                        WHEN recorded_at >= c.valid_until THEN 'expired'
                        ELSE 'admitted' END AS state
              FROM unnest(p_licences) WITH ORDINALITY AS u (licence_id, slot)
              LEFT JOIN licence_counters c ON c.licence_id = u.licence_id
              LEFT JOIN LATERAL (SELECT reason FROM stops
                                  WHERE subject_id = ANY (c.links || c.licence_id) AND lifted_at IS NULL
                                  LIMIT 1) s ON true
             ORDER BY u.slot) l;

    -- 3. Was a call admitted before? One that carries a key is known by it; one without is known by its record id,
    --    which only comes again when its batch is sent again because the answer to the first sending was lost.
    SELECT array_agg(c.outcome), array_agg(c.record_id)
      INTO outcomes, first_records
      FROM (SELECT CASE WHEN v_states[u.slot] <> 'admitted' THEN v_states[u.slot]
                        WHEN f.record_id IS NULL THEN 'admitted'
                        WHEN f.digest = u.digest THEN 'repeated'
                        ELSE 'key_conflict' END AS outcome,
                   f.record_id
              FROM unnest(p_slots, p_records, p_keys, p_digests) WITH ORDINALITY
                   AS u (slot, record_id, key, digest, n)
              LEFT JOIN LATERAL (
                   SELECT k.record_id, k.digest FROM usage_keys k
                    WHERE u.key IS NOT NULL AND k.licence_id = p_licences[u.slot] AND k.key = u.key
                    UNION ALL
                   SELECT r.record_id, r.digest FROM usage_records r
                    WHERE u.key IS NULL AND r.licence_id = p_licences[u.slot] AND r.record_id = u.record_id
                      AND r.recorded_at > admit_calls.recorded_at - interval '1 day'
                    LIMIT 1) f ON true
             ORDER BY u.n) c;

    -- 4. Does all that is new fit? Then the whole batch is admitted at once.
    SELECT array_agg(s.slot), array_agg(s.calls), array_agg(s.rows),
           -- null, not false, when the only thing to compare with is a quota that is not there
           coalesce(bool_or(s.calls > left_calls[s.slot] OR s.bounds > left_rows[s.slot]
                            OR s.keys > s.distinct_keys), false)
      INTO v_slots, v_calls, v_rows, v_tight
      FROM (SELECT u.slot, sum(u.calls) AS calls, sum(u.rows) AS rows, sum(greatest(u.rows, u.bound)) AS bounds,
                   count(u.key) AS keys, count(DISTINCT u.key) AS distinct_keys
              FROM unnest(p_slots, p_calls, p_rows, p_bounds, p_keys, outcomes)
                   AS u (slot, calls, rows, bound, key, outcome)
             WHERE u.outcome = 'admitted' GROUP BY u.slot) s;

    -- 5. Otherwise one by one, in order of arrival: a call that does not fit leaves what it would have used to the
    --    next, and of two calls with one key in the same batch the second is a repeat.
    IF v_tight THEN
        SELECT array_agg(u.leader) INTO v_leaders
          FROM (SELECT c.n, min(c.n) OVER (PARTITION BY c.slot, coalesce(c.key, c.n::text), c.key IS NULL) AS leader
                  FROM unnest(p_slots, p_keys) WITH ORDINALITY AS c (slot, key, n) ORDER BY c.n) u;
        v_taken := array_fill(NULL::int, ARRAY[cardinality(p_slots)]);
        FOR i IN 1 .. cardinality(p_slots) LOOP
            CONTINUE WHEN outcomes[i] <> 'admitted';
            v_slot := p_slots[i];
            v_first := v_taken[v_leaders[i]];
            IF v_first IS NOT NULL THEN
                outcomes[i] := CASE WHEN p_digests[v_first] = p_digests[i] THEN 'repeated' ELSE 'key_conflict' END;
                first_records[i] := p_records[v_first];
            ELSIF p_calls[i] > left_calls[v_slot] OR greatest(p_rows[i], p_bounds[i]) > left_rows[v_slot] THEN
                outcomes[i] := 'quota_exceeded';
            ELSE
                left_calls[v_slot] := left_calls[v_slot] - p_calls[i];
                left_rows[v_slot] := left_rows[v_slot] - p_rows[i];
                v_taken[v_leaders[i]] := i;
            END IF;
        END LOOP;
        SELECT array_agg(s.slot), array_agg(s.calls), array_agg(s.rows) INTO v_slots, v_calls, v_rows
          FROM (SELECT u.slot, sum(u.calls) AS calls, sum(u.rows) AS rows
                  FROM unnest(p_slots, p_calls, p_rows, outcomes) AS u (slot, calls, rows, outcome)
                 WHERE u.outcome = 'admitted' GROUP BY u.slot) s;
    END IF;

    -- 6. Record, remember, count.
    IF v_slots IS NOT NULL THEN
        INSERT INTO usage_records (licence_id, record_id, recorded_at, period_no, product_id, revision_id,
                                   calls, rows, bytes, purpose, client_id, digest)
        SELECT p_licences[u.slot], u.record_id, admit_calls.recorded_at, periods[u.slot], v_products[u.slot],
               u.revision_id, u.calls, u.rows, u.bytes, u.purpose, u.client_id, u.digest
          FROM unnest(p_slots, p_records, p_digests, p_calls, p_rows, p_bytes, p_revisions, p_purposes, p_clients,
                      outcomes)
               AS u (slot, record_id, digest, calls, rows, bytes, revision_id, purpose, client_id, outcome)
         WHERE u.outcome = 'admitted';

        INSERT INTO usage_keys (licence_id, key, record_id, recorded_at, digest, calls, rows)
        SELECT p_licences[u.slot], u.key, u.record_id, admit_calls.recorded_at, u.digest, u.calls, u.rows
          FROM unnest(p_slots, p_keys, p_records, p_digests, p_calls, p_rows, outcomes)
               AS u (slot, key, record_id, digest, calls, rows, outcome)
         WHERE u.outcome = 'admitted' AND u.key IS NOT NULL;

        UPDATE licence_counters c
           SET used_calls = c.used_calls + s.calls, used_rows = c.used_rows + s.rows,
               period_calls = c.period_calls + s.calls, period_rows = c.period_rows + s.rows
          FROM unnest(v_slots, v_calls, v_rows) AS s (slot, calls, rows)
         WHERE c.licence_id = p_licences[s.slot];
    END IF;

    IF NOT v_tight AND v_slots IS NOT NULL THEN
        FOR i IN 1 .. cardinality(v_slots) LOOP
            v_slot := v_slots[i];
            left_calls[v_slot] := left_calls[v_slot] - v_calls[i];
            left_rows[v_slot] := left_rows[v_slot] - v_rows[i];
        END LOOP;
    END IF;
END
$$;
CREATE FUNCTION "public"."close_period"("p_licence" "uuid", OUT "period_no" integer, OUT "opened_at" timestamp with time zone, OUT "closed_at" timestamp with time zone, OUT "calls" bigint, OUT "rows" bigint) RETURNS "record"
    LANGUAGE "plpgsql"
    SET "search_path" TO 'public', 'pg_temp'
    SET "plan_cache_mode" TO 'force_generic_plan'
    SET "enable_seqscan" TO 'off'
    SET "enable_hashjoin" TO 'off'
    SET "enable_mergejoin" TO 'off'
    SET "jit" TO 'off'
    AS $$
BEGIN
    -- The lock that admissions take: every call is on one side of the cut, whichever came first.
    SELECT c.period_no, c.period_opened_at, c.period_calls, c.period_rows
      INTO period_no, opened_at, calls, rows
      FROM licence_counters c WHERE c.licence_id = p_licence FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    closed_at := greatest(clock_timestamp(), opened_at);
    INSERT INTO usage_periods (licence_id, period_no, opened_at, closed_at, calls, rows)
    VALUES (p_licence, close_period.period_no, close_period.opened_at, close_period.closed_at,
            close_period.calls, close_period.rows);
    UPDATE licence_counters c
       SET period_no = c.period_no + 1, period_calls = 0, period_rows = 0, period_opened_at = close_period.closed_at
     WHERE c.licence_id = p_licence;
END
$$;
CREATE FUNCTION "public"."ensure_usage_partitions"("p_months_ahead" integer) RETURNS integer
    LANGUAGE "plpgsql" SECURITY DEFINER
    SET "search_path" TO 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
DECLARE
    v_month timestamptz;
    v_name text;
    v_made int := 0;
BEGIN
    IF p_months_ahead NOT BETWEEN 0 AND 24 THEN
        RAISE EXCEPTION 'months ahead must lie between 0 and 24, not %', p_months_ahead;
    END IF;
    FOR i IN 0 .. p_months_ahead LOOP
        v_month := date_trunc('month', now()) + make_interval(months => i);
        v_name := 'usage_records_p_' || to_char(v_month, 'YYYYMM');
        CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
        -- Rows of a month that nobody prepared lie in the default partition and stay there, where they are found all
        -- the same; their month gets no partition of its own any more.
        CONTINUE WHEN EXISTS (SELECT 1 FROM usage_records_p_default
                               WHERE recorded_at >= v_month AND recorded_at < v_month + interval '1 month');
        EXECUTE format('CREATE TABLE %I PARTITION OF usage_records FOR VALUES FROM (%L) TO (%L)',
                       v_name, v_month, v_month + interval '1 month');
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', v_name || '_append_only', v_name);
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
END
$$;
CREATE FUNCTION "public"."fn_pgqueuer_changed"() RETURNS "trigger"
    LANGUAGE "plpgsql"
    AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;

    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'ch_pgqueuer',
            json_build_object(
                'channel', 'ch_pgqueuer',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;

    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;

END;
$$;
CREATE FUNCTION "public"."invoices_keep_content"() RETURNS "trigger"
    LANGUAGE "plpgsql"
    AS $$
BEGIN
    IF to_jsonb(NEW) - 'status' - 'paid_at' IS DISTINCT FROM to_jsonb(OLD) - 'status' - 'paid_at' THEN
        RAISE EXCEPTION 'invoice % was issued: only its status and when it was paid may change', OLD.document_number
            USING ERRCODE = 'restrict_violation', HINT = 'Correct it with a refund and a new invoice.';
    END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION "public"."keep_agreement_terms"() RETURNS "trigger"
    LANGUAGE "plpgsql"
    AS $$
        BEGIN
            RAISE EXCEPTION 'the terms of an agreement do not change; make another agreement'
                USING ERRCODE = 'restrict_violation';
        END
        $$;
CREATE FUNCTION "public"."ledger_check_journals"() RETURNS "trigger"
    LANGUAGE "plpgsql"
    SET "search_path" TO 'public', 'pg_temp'
    SET "enable_seqscan" TO 'off'
    AS $$
DECLARE
    v_journal uuid;
BEGIN
    SELECT j.id INTO v_journal FROM added j
     WHERE NOT EXISTS (SELECT 1 FROM ledger_postings p WHERE p.journal_id = j.id AND p.line = 1) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % has no postings', v_journal
            USING ERRCODE = 'check_violation', HINT = 'Insert a journal and its postings in one statement.';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION "public"."ledger_check_postings"() RETURNS "trigger"
    LANGUAGE "plpgsql"
    SET "search_path" TO 'public', 'pg_temp'
    SET "enable_seqscan" TO 'off'
    AS $$
DECLARE
    v_fault record;
BEGIN
    SELECT * INTO v_fault FROM (
        SELECT p.journal_id,
               CASE WHEN j.id IS NULL THEN 'does not exist'
                    WHEN count(*) <> j.posting_count OR max(p.line) <> j.posting_count
                        THEN 'declares ' || j.posting_count || ' postings and was given ' || count(*)
                    WHEN bool_or(p.effective_at <> j.effective_at) THEN 'has postings of another time'
                    WHEN bool_or(a.id IS NULL) THEN 'posts to an account that does not exist'
                    WHEN bool_or(a.currency <> p.currency) THEN 'posts in another currency than the account is kept in'
               END AS fault
          FROM added p
          LEFT JOIN ledger_journals j ON j.id = p.journal_id
          LEFT JOIN ledger_accounts a ON a.id = p.account_id
         GROUP BY p.journal_id, j.id, j.posting_count) checked
     WHERE fault IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % %', v_fault.journal_id, v_fault.fault USING ERRCODE = 'check_violation';
    END IF;
    SELECT journal_id, currency, sum(amount) AS difference INTO v_fault
      FROM added GROUP BY journal_id, currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % is out of balance by % minor units of %',
            v_fault.journal_id, v_fault.difference, v_fault.currency USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION "public"."refuse_change"() RETURNS "trigger"
    LANGUAGE "plpgsql"
    AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: its rows are kept as they were written', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Append a correcting row instead.';
END
$$;
SET default_tablespace = '';
SET default_table_access_method = "heap";
CREATE TABLE "public"."agreement_signatures" (
    "id" "uuid" NOT NULL,
    "agreement_id" "uuid" NOT NULL,
    "organisation_id" "uuid" NOT NULL,
    "signed_by" "uuid" NOT NULL,
    "digest" character varying NOT NULL,
    "witness" character varying NOT NULL,
    "signed_at" timestamp with time zone NOT NULL
);
CREATE TABLE "public"."agreements" (
    "id" "uuid" NOT NULL,
    "state" character varying(40) NOT NULL,
    "product_id" "uuid" NOT NULL,
    "owner_id" "uuid" NOT NULL,
    "operator_id" "uuid" NOT NULL,
    "buyer_id" "uuid" NOT NULL,
    "document" "jsonb" NOT NULL,
    "digest" character varying NOT NULL,
    "rules" "jsonb" NOT NULL,
    "requested_at" timestamp with time zone NOT NULL,
    "requested_by" "uuid" NOT NULL,
    "finalized_at" timestamp with time zone,
    "terminated_at" timestamp with time zone,
    "termination_reason" character varying,
    CONSTRAINT "ck_agreements_agreement_state" CHECK ((("state")::"text" = ANY ((ARRAY['requested'::character varying, 'agreed'::character varying, 'finalized'::character varying, 'terminated'::character varying])::"text"[])))
);
CREATE TABLE "public"."alembic_version" (
    "version_num" character varying(32) NOT NULL
);
CREATE TABLE "public"."audit_entries" (
    "id" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    "actor_kind" character varying NOT NULL,
    "actor_id" "uuid" NOT NULL,
    "organisation_id" "uuid" NOT NULL,
    "action" character varying NOT NULL,
    "subject_kind" character varying NOT NULL,
    "subject_id" "uuid" NOT NULL,
    "detail" "jsonb" NOT NULL,
    "rules" "jsonb" NOT NULL,
    "leaf" "bytea" NOT NULL
);
CREATE TABLE "public"."audit_heads" (
    "size" bigint NOT NULL,
    "root" "bytea" NOT NULL,
    "algorithm" character varying NOT NULL,
    "signed" character varying NOT NULL,
    "sealed_at" timestamp with time zone NOT NULL
);
CREATE TABLE "public"."audit_leaves" (
    "position" bigint NOT NULL,
    "entry_id" "uuid" NOT NULL
);
CREATE TABLE "public"."audit_nodes" (
    "level" integer NOT NULL,
    "position" bigint NOT NULL,
    "digest" "bytea" NOT NULL
);
CREATE TABLE "public"."authorisation_cells" (
    "id" "uuid" NOT NULL,
    "authorisation_id" "uuid" NOT NULL,
    "resource" "int4range" NOT NULL,
    "scenario" "int4range" NOT NULL,
    "region" "int4range" NOT NULL,
    "lane" "int4range" NOT NULL,
    "term" "tstzrange" NOT NULL
);
CREATE TABLE "public"."authorisation_resources" (
    "authorisation_id" "uuid" NOT NULL,
    "resource_id" "uuid" NOT NULL,
    "right_id" "uuid" NOT NULL
);
CREATE TABLE "public"."authorisations" (
    "id" "uuid" NOT NULL,
    "number" integer NOT NULL,
    "owner_id" "uuid" NOT NULL,
    "operator_id" "uuid" NOT NULL,
    "state" character varying(40) NOT NULL,
    "columns" character varying[],
    "scenarios" character varying[] NOT NULL,
    "regions" character varying[] NOT NULL,
    "purposes" character varying[] NOT NULL,
    "valid_from" timestamp with time zone NOT NULL,
    "valid_until" timestamp with time zone NOT NULL,
    "exclusive" boolean NOT NULL,
    "consideration" character varying(40) NOT NULL,
    "owner_share" integer NOT NULL,
    "operator_share" integer NOT NULL,
    "platform_share" integer NOT NULL,
    "granted_at" timestamp with time zone NOT NULL,
    "granted_by" "uuid" NOT NULL,
    "accepted_at" timestamp with time zone,
    "accepted_by" "uuid",
    "ended_at" timestamp with time zone,
    "reason" character varying,
    "rules" "jsonb" NOT NULL,
    CONSTRAINT "ck_authorisations_authorisation_state" CHECK ((("state")::"text" = ANY ((ARRAY['offered'::character varying, 'active'::character varying, 'declined'::character varying, 'suspended'::character varying, 'revoked'::character varying])::"text"[]))),
    CONSTRAINT "ck_authorisations_consideration" CHECK ((("consideration")::"text" = ANY ((ARRAY['revenue_share'::character varying, 'cash_fee'::character varying, 'resource_for_service'::character varying, 'post_hoc_subsidy'::character varying, 'loan_interest_subsidy'::character varying])::"text"[]))),
    CONSTRAINT "ck_authorisations_shares" CHECK ((("owner_share" >= 0) AND ("operator_share" >= 0) AND ("platform_share" >= 0) AND ((("owner_share" + "operator_share") + "platform_share") = 10000))),
    CONSTRAINT "ck_authorisations_term" CHECK (("valid_until" > "valid_from"))
);
ALTER TABLE "public"."authorisations" ALTER COLUMN "number" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME "public"."authorisations_number_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE "public"."bank_documents" (
    "digest" "bytea" NOT NULL,
    "content" "bytea" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    "recorded_by" "uuid" NOT NULL
);
CREATE TABLE "public"."bank_entries" (
    "id" "uuid" NOT NULL,
    "bank_statement_id" "uuid" NOT NULL,
    "number" integer NOT NULL,
    "bank_reference" character varying NOT NULL,
    "amount_minor" bigint NOT NULL,
    "currency" character varying NOT NULL,
    "booked_on" "date" NOT NULL,
    "reference_texts" character varying[] NOT NULL,
    "counterparty" character varying NOT NULL,
    CONSTRAINT "ck_bank_entries_amount_minor" CHECK (("amount_minor" <> 0))
);
CREATE TABLE "public"."bank_matches" (
    "entry_id" "uuid" NOT NULL,
    "outcome" character varying(40) NOT NULL,
    "invoice_id" "uuid",
    "reason" character varying NOT NULL,
    "journal_id" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    CONSTRAINT "ck_bank_matches_match_outcome" CHECK ((("outcome")::"text" = ANY ((ARRAY['paid'::character varying, 'suspense'::character varying])::"text"[])))
);
CREATE TABLE "public"."bank_statements" (
    "id" "uuid" NOT NULL,
    "account" character varying NOT NULL,
    "statement_id" character varying NOT NULL,
    "digest" "bytea" NOT NULL,
    "document_digest" "bytea" NOT NULL,
    "currency" character varying NOT NULL,
    "opening_minor" bigint NOT NULL,
    "closing_minor" bigint NOT NULL,
    "covers_from" timestamp with time zone,
    "covers_to" timestamp with time zone,
    "imported_at" timestamp with time zone NOT NULL,
    "imported_by" "uuid" NOT NULL
);
CREATE TABLE "public"."card_events" (
    "id" character varying NOT NULL,
    "type" character varying NOT NULL,
    "object_id" character varying NOT NULL,
    "received_at" timestamp with time zone NOT NULL,
    "applied_at" timestamp with time zone,
    "outcome" character varying
);
CREATE TABLE "public"."card_payments" (
    "id" "uuid" NOT NULL,
    "invoice_id" "uuid" NOT NULL,
    "amount_minor" bigint NOT NULL,
    "currency" character varying NOT NULL,
    "payment_method" character varying NOT NULL,
    "status" character varying(40) NOT NULL,
    "failure" character varying,
    "processor_id" character varying,
    "requested_by" "uuid" NOT NULL,
    "requested_at" timestamp with time zone NOT NULL,
    "sent_at" timestamp with time zone,
    "completed_at" timestamp with time zone,
    CONSTRAINT "ck_card_payments_card_payment_status" CHECK ((("status")::"text" = ANY ((ARRAY['failed'::character varying, 'requested'::character varying, 'requires_action'::character varying, 'succeeded'::character varying])::"text"[])))
);
CREATE TABLE "public"."client_secrets" (
    "id" "uuid" NOT NULL,
    "client_id" "uuid" NOT NULL,
    "secret_digest" "bytea" NOT NULL,
    "created_at" timestamp with time zone NOT NULL,
    "expires_at" timestamp with time zone
);
CREATE TABLE "public"."clients" (
    "id" "uuid" NOT NULL,
    "organisation_id" "uuid" NOT NULL,
    "name" character varying NOT NULL,
    "roles" character varying[] NOT NULL,
    "created_by" "uuid" NOT NULL,
    "created_at" timestamp with time zone NOT NULL,
    "disabled_at" timestamp with time zone,
    CONSTRAINT "ck_clients_has_a_role" CHECK (("cardinality"("roles") > 0))
);
CREATE TABLE "public"."contract_reviews" (
    "id" "uuid" NOT NULL,
    "agreement_id" "uuid" NOT NULL,
    "reviewed_by" "uuid" NOT NULL,
    "note" character varying NOT NULL,
    "reviewed_at" timestamp with time zone NOT NULL
);
CREATE TABLE "public"."data_products" (
    "id" "uuid" NOT NULL,
    "operator_id" "uuid" NOT NULL,
    "owner_id" "uuid" NOT NULL,
    "resource_id" "uuid" NOT NULL,
    "authorisation_id" "uuid" NOT NULL,
    "state" character varying(40) NOT NULL,
    "title_zh" character varying NOT NULL,
    "title_en" character varying NOT NULL,
    "description_zh" character varying NOT NULL,
    "description_en" character varying NOT NULL,
    "themes" character varying[] NOT NULL,
    "update_frequency" character varying(40) NOT NULL,
    "delivery_class" character varying(40) NOT NULL,
    "dictionary" "jsonb" NOT NULL,
    "plan_id" "uuid",
    "search_terms" character varying[] NOT NULL,
    "created_at" timestamp with time zone NOT NULL,
    "created_by" "uuid" NOT NULL,
    "submitted_at" timestamp with time zone,
    "submitted_by" "uuid",
    "reviewed_at" timestamp with time zone,
    "reviewed_by" "uuid",
    "review_note" character varying,
    "published_at" timestamp with time zone,
    CONSTRAINT "ck_data_products_delivery_class" CHECK ((("delivery_class")::"text" = 'records_api'::"text")),
    CONSTRAINT "ck_data_products_product_state" CHECK ((("state")::"text" = ANY ((ARRAY['draft'::character varying, 'submitted'::character varying, 'published'::character varying, 'suspended'::character varying, 'withdrawn'::character varying])::"text"[]))),
    CONSTRAINT "ck_data_products_published_complete" CHECK (((("state")::"text" <> ALL ((ARRAY['published'::character varying, 'suspended'::character varying])::"text"[])) OR (("plan_id" IS NOT NULL) AND ("published_at" IS NOT NULL)))),
    CONSTRAINT "ck_data_products_update_frequency" CHECK ((("update_frequency")::"text" = ANY ((ARRAY['realtime'::character varying, 'hourly'::character varying, 'daily'::character varying, 'weekly'::character varying, 'monthly'::character varying, 'quarterly'::character varying, 'yearly'::character varying, 'irregular'::character varying, 'static'::character varying])::"text"[])))
);
CREATE TABLE "public"."data_resources" (
    "id" "uuid" NOT NULL,
    "number" integer NOT NULL,
    "owner_id" "uuid" NOT NULL,
    "title_zh" character varying NOT NULL,
    "title_en" character varying NOT NULL,
    "description_zh" character varying NOT NULL,
    "description_en" character varying NOT NULL,
    "domain" character varying NOT NULL,
    "update_frequency" character varying(40) NOT NULL,
    "classification" character varying(40) NOT NULL,
    "personal_information" boolean NOT NULL,
    "risk_assessment_sha256" character varying,
    "risk_assessment_note" character varying,
    "registered_at" timestamp with time zone NOT NULL,
    "registered_by" "uuid" NOT NULL,
    CONSTRAINT "ck_data_resources_classification" CHECK ((("classification")::"text" = ANY ((ARRAY['GENERAL'::character varying, 'IMPORTANT'::character varying, 'CORE'::character varying])::"text"[]))),
    CONSTRAINT "ck_data_resources_update_frequency" CHECK ((("update_frequency")::"text" = ANY ((ARRAY['realtime'::character varying, 'hourly'::character varying, 'daily'::character varying, 'weekly'::character varying, 'monthly'::character varying, 'quarterly'::character varying, 'yearly'::character varying, 'irregular'::character varying, 'static'::character varying])::"text"[])))
);
ALTER TABLE "public"."data_resources" ALTER COLUMN "number" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME "public"."data_resources_number_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE "public"."idempotency_keys" (
    "organisation_id" "uuid" NOT NULL,
    "actor_id" "uuid" NOT NULL,
    "key" character varying NOT NULL,
    "request_digest" "bytea" NOT NULL,
    "answer" character varying NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL
);
CREATE TABLE "public"."identity_evidence" (
    "id" "uuid" NOT NULL,
    "organisation_id" "uuid" NOT NULL,
    "kind" character varying(40) NOT NULL,
    "number" "text" NOT NULL,
    "document_sha256" character varying NOT NULL,
    "submitted_by" "uuid" NOT NULL,
    "submitted_at" timestamp with time zone NOT NULL,
    "verified_by" "uuid",
    "verified_at" timestamp with time zone,
    CONSTRAINT "ck_identity_evidence_evidence_kind" CHECK ((("kind")::"text" = ANY ((ARRAY['authorisation_letter'::character varying, 'business_licence'::character varying, 'foreign_registration'::character varying, 'institution_certificate'::character varying, 'social_credit_certificate'::character varying])::"text"[])))
);
CREATE TABLE "public"."invitations" (
    "id" "uuid" NOT NULL,
    "organisation_id" "uuid" NOT NULL,
    "email" character varying NOT NULL,
    "roles" character varying[] NOT NULL,
    "token_digest" "bytea" NOT NULL,
    "invited_by" "uuid" NOT NULL,
    "created_at" timestamp with time zone NOT NULL,
    "expires_at" timestamp with time zone NOT NULL,
    "accepted_at" timestamp with time zone,
    "accepted_by" "uuid",
    "revoked_at" timestamp with time zone,
    CONSTRAINT "ck_invitations_email_lower_case" CHECK ((("email")::"text" = "lower"(("email")::"text"))),
    CONSTRAINT "ck_invitations_has_a_role" CHECK (("cardinality"("roles") > 0))
);
CREATE TABLE "public"."invoice_lines" (
    "invoice_id" "uuid" NOT NULL,
    "line" integer NOT NULL,
    "licence_id" "uuid" NOT NULL,
    "usage_period_no" integer NOT NULL,
    "model" character varying NOT NULL,
    "metric" character varying NOT NULL,
    "quantity" bigint NOT NULL,
    "allowance_used" bigint NOT NULL,
    "agreed_unit_price" numeric NOT NULL,
    "unit_price" numeric NOT NULL,
    "exact_amount" numeric NOT NULL,
    "amount_minor" bigint NOT NULL,
    "currency" character varying NOT NULL,
    "price_plan_id" "uuid" NOT NULL,
    "explanation_en" character varying NOT NULL,
    "explanation_zh" character varying NOT NULL
);
CREATE TABLE "public"."invoice_series" (
    "operator_id" "uuid" NOT NULL,
    "series_no" integer NOT NULL,
    "last_number" integer NOT NULL
);
ALTER TABLE "public"."invoice_series" ALTER COLUMN "series_no" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME "public"."invoice_series_series_no_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE "public"."invoices" (
    "id" "uuid" NOT NULL,
    "agreement_id" "uuid" NOT NULL,
    "period_no" integer NOT NULL,
    "operator_id" "uuid" NOT NULL,
    "owner_id" "uuid" NOT NULL,
    "buyer_id" "uuid" NOT NULL,
    "number" integer NOT NULL,
    "document_number" character varying NOT NULL,
    "payment_reference" character varying NOT NULL,
    "currency" character varying NOT NULL,
    "total_minor" bigint NOT NULL,
    "period_from" timestamp with time zone NOT NULL,
    "period_to" timestamp with time zone NOT NULL,
    "issued_at" timestamp with time zone NOT NULL,
    "due_at" timestamp with time zone NOT NULL,
    "price_plan_id" "uuid" NOT NULL,
    "split" "jsonb" NOT NULL,
    "rules" "jsonb" NOT NULL,
    "digest" "bytea" NOT NULL,
    "status" character varying(40) NOT NULL,
    "paid_at" timestamp with time zone,
    CONSTRAINT "ck_invoices_invoice_status" CHECK ((("status")::"text" = ANY ((ARRAY['issued'::character varying, 'paid'::character varying, 'refunded'::character varying])::"text"[]))),
    CONSTRAINT "ck_invoices_total_minor" CHECK (("total_minor" >= 0))
);
CREATE TABLE "public"."ledger_accounts" (
    "id" "uuid" NOT NULL,
    "code" character varying NOT NULL,
    "role" character varying(40) NOT NULL,
    "kind" character varying(40) NOT NULL,
    "normal_side" character varying(40) NOT NULL,
    "currency" character varying NOT NULL,
    "subject" character varying NOT NULL,
    "owner_organisation_id" "uuid",
    CONSTRAINT "ck_ledger_accounts_account_kind" CHECK ((("kind")::"text" = ANY ((ARRAY['asset'::character varying, 'expense'::character varying, 'liability'::character varying, 'revenue'::character varying])::"text"[]))),
    CONSTRAINT "ck_ledger_accounts_account_role" CHECK ((("role")::"text" = ANY ((ARRAY['bank'::character varying, 'card'::character varying, 'clearing'::character varying, 'commission'::character varying, 'payable'::character varying, 'receivable'::character varying, 'suspense'::character varying])::"text"[]))),
    CONSTRAINT "ck_ledger_accounts_side" CHECK ((("normal_side")::"text" = ANY ((ARRAY['credit'::character varying, 'debit'::character varying])::"text"[])))
);
CREATE TABLE "public"."ledger_journals" (
    "id" "uuid" NOT NULL,
    "idempotency_key" character varying NOT NULL,
    "digest" "bytea" NOT NULL,
    "effective_at" timestamp with time zone NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    "recorded_by" "uuid" NOT NULL,
    "description" character varying NOT NULL,
    "source_kind" character varying NOT NULL,
    "source_id" "uuid" NOT NULL,
    "reverses_id" "uuid",
    "posting_count" smallint NOT NULL,
    CONSTRAINT "ck_ledger_journals_posting_count" CHECK ((("posting_count" >= 2) AND ("posting_count" <= 1000)))
);
CREATE TABLE "public"."ledger_postings" (
    "journal_id" "uuid" NOT NULL,
    "line" smallint NOT NULL,
    "account_id" "uuid" NOT NULL,
    "amount" bigint NOT NULL,
    "currency" character varying NOT NULL,
    "effective_at" timestamp with time zone NOT NULL,
    CONSTRAINT "ck_ledger_postings_amount" CHECK (("amount" <> 0)),
    CONSTRAINT "ck_ledger_postings_line" CHECK (("line" >= 1))
);
CREATE TABLE "public"."licence_counters" (
    "licence_id" "uuid" NOT NULL,
    "agreement_id" "uuid" NOT NULL,
    "product_id" "uuid" NOT NULL,
    "links" "uuid"[] NOT NULL,
    "valid_from" timestamp with time zone NOT NULL,
    "valid_until" timestamp with time zone NOT NULL,
    "quota_calls" bigint,
    "quota_rows" bigint,
    "used_calls" bigint NOT NULL,
    "used_rows" bigint NOT NULL,
    "period_no" integer NOT NULL,
    "period_calls" bigint NOT NULL,
    "period_rows" bigint NOT NULL,
    "period_opened_at" timestamp with time zone NOT NULL,
    CONSTRAINT "ck_licence_counters_calls_within_quota" CHECK (("used_calls" <= "quota_calls")),
    CONSTRAINT "ck_licence_counters_period_within_total" CHECK (((0 <= "period_calls") AND ("period_calls" <= "used_calls") AND (0 <= "period_rows") AND ("period_rows" <= "used_rows"))),
    CONSTRAINT "ck_licence_counters_rows_within_quota" CHECK (("used_rows" <= "quota_rows"))
)
WITH ("fillfactor"='50');
CREATE TABLE "public"."licence_tokens" (
    "licence_id" "uuid" NOT NULL,
    "id" "uuid" NOT NULL,
    "issued_to" "uuid" NOT NULL,
    "issued_at" timestamp with time zone NOT NULL,
    "expires_at" timestamp with time zone NOT NULL
);
CREATE TABLE "public"."licences" (
    "id" "uuid" NOT NULL,
    "agreement_id" "uuid" NOT NULL,
    "agreement_digest" character varying NOT NULL,
    "product_id" "uuid" NOT NULL,
    "owner_id" "uuid" NOT NULL,
    "operator_id" "uuid" NOT NULL,
    "buyer_id" "uuid" NOT NULL,
    "columns" character varying[] NOT NULL,
    "purposes" character varying[] NOT NULL,
    "valid_from" timestamp with time zone NOT NULL,
    "valid_until" timestamp with time zone NOT NULL,
    "quota_calls" bigint,
    "quota_rows" bigint,
    "issued_at" timestamp with time zone NOT NULL
);
CREATE TABLE "public"."memberships" (
    "id" "uuid" NOT NULL,
    "person_id" "uuid" NOT NULL,
    "organisation_id" "uuid" NOT NULL,
    "roles" character varying[] NOT NULL,
    "created_at" timestamp with time zone NOT NULL,
    CONSTRAINT "ck_memberships_has_a_role" CHECK (("cardinality"("roles") > 0))
);
CREATE TABLE "public"."organisations" (
    "id" "uuid" NOT NULL,
    "kind" character varying(40) NOT NULL,
    "name_zh" character varying,
    "name_en" character varying,
    "credit_code" character varying,
    "status" character varying(40) NOT NULL,
    "status_reason" character varying,
    "registered_by" "uuid" NOT NULL,
    "registered_at" timestamp with time zone NOT NULL,
    "verified_by" "uuid",
    "verified_at" timestamp with time zone,
    CONSTRAINT "ck_organisations_has_a_name" CHECK ((("name_zh" IS NOT NULL) OR ("name_en" IS NOT NULL))),
    CONSTRAINT "ck_organisations_organisation_kind" CHECK ((("kind")::"text" = ANY ((ARRAY['buyer'::character varying, 'operator'::character varying, 'owner'::character varying, 'platform'::character varying, 'regulator'::character varying])::"text"[]))),
    CONSTRAINT "ck_organisations_organisation_status" CHECK ((("status")::"text" = ANY ((ARRAY['registered'::character varying, 'rejected'::character varying, 'suspended'::character varying, 'verified'::character varying])::"text"[])))
);
CREATE TABLE "public"."payments" (
    "id" "uuid" NOT NULL,
    "invoice_id" "uuid" NOT NULL,
    "rail" character varying(40) NOT NULL,
    "source_id" "uuid" NOT NULL,
    "amount_minor" bigint NOT NULL,
    "currency" character varying NOT NULL,
    "received_at" timestamp with time zone NOT NULL,
    "payment_journal_id" "uuid" NOT NULL,
    "split_journal_id" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    CONSTRAINT "ck_payments_amount_minor" CHECK (("amount_minor" > 0)),
    CONSTRAINT "ck_payments_rail" CHECK ((("rail")::"text" = ANY ((ARRAY['bank'::character varying, 'card'::character varying])::"text"[])))
);
CREATE TABLE "public"."people" (
    "id" "uuid" NOT NULL,
    "email" character varying NOT NULL,
    "name" character varying NOT NULL,
    "password_hash" character varying NOT NULL,
    "created_at" timestamp with time zone NOT NULL,
    "password_changed_at" timestamp with time zone NOT NULL,
    CONSTRAINT "ck_people_email_lower_case" CHECK ((("email")::"text" = "lower"(("email")::"text")))
);
CREATE TABLE "public"."period_closes" (
    "id" "uuid" NOT NULL,
    "agreement_id" "uuid" NOT NULL,
    "period_no" integer NOT NULL,
    "opened_at" timestamp with time zone NOT NULL,
    "closed_at" timestamp with time zone NOT NULL,
    "usage" "jsonb" NOT NULL,
    "invoice_id" "uuid",
    "closed_by" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL
);
CREATE TABLE "public"."pgqueuer" (
    "id" bigint NOT NULL,
    "priority" integer NOT NULL,
    "queue_manager_id" "uuid",
    "created" timestamp with time zone DEFAULT "now"() NOT NULL,
    "updated" timestamp with time zone DEFAULT "now"() NOT NULL,
    "heartbeat" timestamp with time zone DEFAULT "now"() NOT NULL,
    "execute_after" timestamp with time zone DEFAULT "now"() NOT NULL,
    "status" "public"."pgqueuer_status" NOT NULL,
    "entrypoint" "text" NOT NULL,
    "dedupe_key" "text",
    "payload" "bytea",
    "headers" "jsonb",
    "attempts" integer DEFAULT 0 NOT NULL,
    "slot" bigint
);
CREATE SEQUENCE "public"."pgqueuer_id_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE "public"."pgqueuer_id_seq" OWNED BY "public"."pgqueuer"."id";
CREATE TABLE "public"."pgqueuer_log" (
    "id" bigint NOT NULL,
    "created" timestamp with time zone DEFAULT "now"() NOT NULL,
    "job_id" bigint NOT NULL,
    "status" "public"."pgqueuer_status" NOT NULL,
    "priority" integer NOT NULL,
    "entrypoint" "text" NOT NULL,
    "traceback" "jsonb",
    "aggregated" boolean DEFAULT false
);
ALTER TABLE "public"."pgqueuer_log" ALTER COLUMN "id" ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME "public"."pgqueuer_log_id_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE "public"."pgqueuer_schedules" (
    "id" bigint NOT NULL,
    "expression" "text" NOT NULL,
    "entrypoint" "text" NOT NULL,
    "heartbeat" timestamp with time zone DEFAULT "now"() NOT NULL,
    "created" timestamp with time zone DEFAULT "now"() NOT NULL,
    "updated" timestamp with time zone DEFAULT "now"() NOT NULL,
    "next_run" timestamp with time zone DEFAULT "now"() NOT NULL,
    "last_run" timestamp with time zone,
    "status" "public"."pgqueuer_status" DEFAULT 'queued'::"public"."pgqueuer_status"
);
CREATE SEQUENCE "public"."pgqueuer_schedules_id_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE "public"."pgqueuer_schedules_id_seq" OWNED BY "public"."pgqueuer_schedules"."id";
CREATE TABLE "public"."pgqueuer_statistics" (
    "id" bigint NOT NULL,
    "created" timestamp with time zone DEFAULT "date_trunc"('sec'::"text", "now"()) NOT NULL,
    "count" bigint NOT NULL,
    "priority" integer NOT NULL,
    "status" "public"."pgqueuer_status" NOT NULL,
    "entrypoint" "text" NOT NULL
);
CREATE SEQUENCE "public"."pgqueuer_statistics_id_seq"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE "public"."pgqueuer_statistics_id_seq" OWNED BY "public"."pgqueuer_statistics"."id";
CREATE TABLE "public"."price_plans" (
    "id" "uuid" NOT NULL,
    "organisation_id" "uuid" NOT NULL,
    "name_zh" character varying,
    "name_en" character varying,
    "currency" character varying NOT NULL,
    "charges" "jsonb" NOT NULL,
    "supersedes" "uuid",
    "created_by" "uuid" NOT NULL,
    "created_at" timestamp with time zone NOT NULL,
    CONSTRAINT "ck_price_plans_currency_code" CHECK ((("currency")::"text" ~ '^[A-Z]{3}$'::"text")),
    CONSTRAINT "ck_price_plans_has_a_name" CHECK ((("name_zh" IS NOT NULL) OR ("name_en" IS NOT NULL)))
);
CREATE TABLE "public"."product_revisions" (
    "id" "uuid" NOT NULL,
    "product_id" "uuid" NOT NULL,
    "number" integer NOT NULL,
    "object_key" character varying NOT NULL,
    "sha256" character varying NOT NULL,
    "bytes" bigint NOT NULL,
    "rows" bigint NOT NULL,
    "columns" "jsonb" NOT NULL,
    "profile" "jsonb" NOT NULL,
    "sample" "jsonb" NOT NULL,
    "source_name" character varying NOT NULL,
    "source_format" character varying NOT NULL,
    "source_sha256" character varying NOT NULL,
    "source_bytes" bigint NOT NULL,
    "uploaded_at" timestamp with time zone NOT NULL,
    "uploaded_by" "uuid" NOT NULL
);
CREATE TABLE "public"."quality_reports" (
    "id" "uuid" NOT NULL,
    "run_id" "uuid" NOT NULL,
    "revision_id" "uuid" NOT NULL,
    "status" character varying(40) NOT NULL,
    "score" numeric(7,6) NOT NULL,
    "grade" character varying NOT NULL,
    "dimensions" "jsonb" NOT NULL,
    "checks" "jsonb" NOT NULL,
    "engine" character varying NOT NULL,
    "rules" "jsonb" NOT NULL,
    "digest" character varying NOT NULL,
    "measured_at" timestamp with time zone NOT NULL,
    CONSTRAINT "ck_quality_reports_report_status" CHECK ((("status")::"text" = ANY ((ARRAY['passed'::character varying, 'failed'::character varying])::"text"[])))
);
CREATE TABLE "public"."quality_runs" (
    "id" "uuid" NOT NULL,
    "revision_id" "uuid" NOT NULL,
    "suite_digest" character varying NOT NULL,
    "object_key" character varying NOT NULL,
    "checks" "jsonb" NOT NULL,
    "state" character varying(40) NOT NULL,
    "error" character varying,
    "requested_by" "uuid" NOT NULL,
    "requested_at" timestamp with time zone NOT NULL,
    "started_at" timestamp with time zone,
    "finished_at" timestamp with time zone,
    CONSTRAINT "ck_quality_runs_run_state" CHECK ((("state")::"text" = ANY ((ARRAY['queued'::character varying, 'running'::character varying, 'done'::character varying, 'failed'::character varying])::"text"[])))
);
CREATE TABLE "public"."reconciliation_breaks" (
    "reconciliation_id" "uuid" NOT NULL,
    "number" integer NOT NULL,
    "kind" character varying(40) NOT NULL,
    "subject_kind" character varying NOT NULL,
    "subject" character varying NOT NULL,
    "difference" bigint NOT NULL,
    "currency" character varying,
    "owner_id" "uuid",
    "since" timestamp with time zone NOT NULL,
    "explanation" character varying NOT NULL,
    CONSTRAINT "ck_reconciliation_breaks_break_kind" CHECK ((("kind")::"text" = ANY ((ARRAY['bank_balance'::character varying, 'bank_entry'::character varying, 'card_balance'::character varying, 'card_payment'::character varying, 'clearing'::character varying, 'invoice_lines'::character varying, 'invoice_overdue'::character varying, 'invoice_posting'::character varying, 'receivable'::character varying, 'statement_gap'::character varying, 'suspense'::character varying, 'trial_balance'::character varying, 'usage'::character varying])::"text"[])))
);
CREATE TABLE "public"."reconciliations" (
    "id" "uuid" NOT NULL,
    "run_at" timestamp with time zone NOT NULL,
    "run_by" "uuid" NOT NULL,
    "clean" boolean NOT NULL,
    "checked" "jsonb" NOT NULL
);
CREATE TABLE "public"."refunds" (
    "id" "uuid" NOT NULL,
    "invoice_id" "uuid" NOT NULL,
    "payment_id" "uuid" NOT NULL,
    "amount_minor" bigint NOT NULL,
    "currency" character varying NOT NULL,
    "reason" character varying NOT NULL,
    "status" character varying(40) NOT NULL,
    "failure" character varying,
    "processor_id" character varying,
    "requested_by" "uuid" NOT NULL,
    "requested_at" timestamp with time zone NOT NULL,
    "sent_at" timestamp with time zone,
    "completed_at" timestamp with time zone,
    CONSTRAINT "ck_refunds_refund_status" CHECK ((("status")::"text" = ANY ((ARRAY['failed'::character varying, 'requested'::character varying, 'succeeded'::character varying])::"text"[])))
);
CREATE TABLE "public"."resource_rights" (
    "id" "uuid" NOT NULL,
    "resource_id" "uuid" NOT NULL,
    "holder_id" "uuid" NOT NULL,
    "kind" character varying(40) NOT NULL,
    "basis" character varying(40) NOT NULL,
    "legal_basis" character varying NOT NULL,
    "evidence_sha256" character varying NOT NULL,
    "evidence_description" character varying NOT NULL,
    "valid_from" timestamp with time zone NOT NULL,
    "valid_until" timestamp with time zone,
    "recorded_at" timestamp with time zone NOT NULL,
    "recorded_by" "uuid" NOT NULL,
    CONSTRAINT "ck_resource_rights_right_basis" CHECK ((("basis")::"text" = ANY ((ARRAY['statutory_duty'::character varying, 'entrusted'::character varying, 'agreement'::character varying, 'derived'::character varying])::"text"[]))),
    CONSTRAINT "ck_resource_rights_right_kind" CHECK ((("kind")::"text" = ANY ((ARRAY['HOLD'::character varying, 'USE'::character varying, 'OPERATE'::character varying])::"text"[])))
);
CREATE TABLE "public"."revoked_tokens" (
    "token_id" "uuid" NOT NULL,
    "client_id" "uuid" NOT NULL,
    "revoked_at" timestamp with time zone NOT NULL,
    "expires_at" timestamp with time zone NOT NULL
);
CREATE TABLE "public"."rulebook_parameters" (
    "id" "uuid" NOT NULL,
    "key" character varying NOT NULL,
    "version" integer NOT NULL,
    "value" "jsonb" NOT NULL,
    "effective_from" timestamp with time zone NOT NULL,
    "source" character varying NOT NULL,
    "source_status" character varying NOT NULL,
    "approved_by" "uuid",
    "recorded_at" timestamp with time zone DEFAULT "now"() NOT NULL,
    CONSTRAINT "ck_rulebook_parameters_source_status" CHECK ((("source_status")::"text" = ANY ((ARRAY['T'::character varying, 'S'::character varying, 'M'::character varying, 'house'::character varying])::"text"[])))
);
CREATE TABLE "public"."sessions" (
    "id" "uuid" NOT NULL,
    "token_digest" "bytea" NOT NULL,
    "membership_id" "uuid" NOT NULL,
    "created_at" timestamp with time zone NOT NULL,
    "last_used_at" timestamp with time zone NOT NULL,
    "expires_at" timestamp with time zone NOT NULL
);
CREATE TABLE "public"."sign_in_attempts" (
    "account" "bytea" NOT NULL,
    "failures" integer NOT NULL,
    "last_at" timestamp with time zone NOT NULL,
    "locked_until" timestamp with time zone
);
CREATE TABLE "public"."stops" (
    "id" "uuid" NOT NULL,
    "subject_kind" character varying NOT NULL,
    "subject_id" "uuid" NOT NULL,
    "reason" character varying NOT NULL,
    "placed_by" "uuid" NOT NULL,
    "placed_by_organisation" "uuid" NOT NULL,
    "placed_at" timestamp with time zone NOT NULL,
    "lifted_at" timestamp with time zone,
    "lifted_by" "uuid",
    "lift_reason" character varying
);
CREATE TABLE "public"."usage_keys" (
    "licence_id" "uuid" NOT NULL,
    "key" character varying NOT NULL,
    "record_id" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    "digest" "bytea" NOT NULL,
    "calls" integer NOT NULL,
    "rows" integer NOT NULL
);
CREATE TABLE "public"."usage_periods" (
    "licence_id" "uuid" NOT NULL,
    "period_no" integer NOT NULL,
    "opened_at" timestamp with time zone NOT NULL,
    "closed_at" timestamp with time zone NOT NULL,
    "calls" bigint NOT NULL,
    "rows" bigint NOT NULL
);
CREATE TABLE "public"."usage_records" (
    "licence_id" "uuid" NOT NULL,
    "record_id" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    "period_no" integer NOT NULL,
    "product_id" "uuid" NOT NULL,
    "revision_id" "uuid" NOT NULL,
    "calls" integer NOT NULL,
    "rows" integer NOT NULL,
    "bytes" bigint NOT NULL,
    "purpose" character varying NOT NULL,
    "client_id" "uuid",
    "digest" "bytea" NOT NULL
)
PARTITION BY RANGE ("recorded_at");
CREATE TABLE "public"."usage_records_p_202611" (
    "licence_id" "uuid" NOT NULL,
    "record_id" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    "period_no" integer NOT NULL,
    "product_id" "uuid" NOT NULL,
    "revision_id" "uuid" NOT NULL,
    "calls" integer NOT NULL,
    "rows" integer NOT NULL,
    "bytes" bigint NOT NULL,
    "purpose" character varying NOT NULL,
    "client_id" "uuid",
    "digest" "bytea" NOT NULL
);
CREATE TABLE "public"."usage_records_p_202612" (
    "licence_id" "uuid" NOT NULL,
    "record_id" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    "period_no" integer NOT NULL,
    "product_id" "uuid" NOT NULL,
    "revision_id" "uuid" NOT NULL,
    "calls" integer NOT NULL,
    "rows" integer NOT NULL,
    "bytes" bigint NOT NULL,
    "purpose" character varying NOT NULL,
    "client_id" "uuid",
    "digest" "bytea" NOT NULL
);
CREATE TABLE "public"."usage_records_p_202701" (
    "licence_id" "uuid" NOT NULL,
    "record_id" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    "period_no" integer NOT NULL,
    "product_id" "uuid" NOT NULL,
    "revision_id" "uuid" NOT NULL,
    "calls" integer NOT NULL,
    "rows" integer NOT NULL,
    "bytes" bigint NOT NULL,
    "purpose" character varying NOT NULL,
    "client_id" "uuid",
    "digest" "bytea" NOT NULL
);
CREATE TABLE "public"."usage_records_p_default" (
    "licence_id" "uuid" NOT NULL,
    "record_id" "uuid" NOT NULL,
    "recorded_at" timestamp with time zone NOT NULL,
    "period_no" integer NOT NULL,
    "product_id" "uuid" NOT NULL,
    "revision_id" "uuid" NOT NULL,
    "calls" integer NOT NULL,
    "rows" integer NOT NULL,
    "bytes" bigint NOT NULL,
    "purpose" character varying NOT NULL,
    "client_id" "uuid",
    "digest" "bytea" NOT NULL
);
ALTER TABLE ONLY "public"."usage_records" ATTACH PARTITION "public"."usage_records_p_202611" FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');
ALTER TABLE ONLY "public"."usage_records" ATTACH PARTITION "public"."usage_records_p_202612" FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');
ALTER TABLE ONLY "public"."usage_records" ATTACH PARTITION "public"."usage_records_p_202701" FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');
ALTER TABLE ONLY "public"."usage_records" ATTACH PARTITION "public"."usage_records_p_default" DEFAULT;
ALTER TABLE ONLY "public"."pgqueuer" ALTER COLUMN "id" SET DEFAULT "nextval"('"public"."pgqueuer_id_seq"'::"regclass");
ALTER TABLE ONLY "public"."pgqueuer_schedules" ALTER COLUMN "id" SET DEFAULT "nextval"('"public"."pgqueuer_schedules_id_seq"'::"regclass");
ALTER TABLE ONLY "public"."pgqueuer_statistics" ALTER COLUMN "id" SET DEFAULT "nextval"('"public"."pgqueuer_statistics_id_seq"'::"regclass");
INSERT INTO "public"."agreement_signatures" VALUES
	('01a1fef7-e909-7523-a55f-0a9219451597', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '01a1fef7-d605-7312-9104-0ec494d2df5b', 'a483cc78d76cabe8fe9d1fd6e70aa6b0d08db19e143a663a96aa59af80460149', 'eyJhbGciOiJFZERTQSIsImtpZCI6Ijg2TEZjSVZ4VTZDUjk0T0tIdEFLc2Q0a3l3WXMxeEVqbENxSGZ4V2tlZmsiLCJ0eXAiOiJhZ3JlZW1lbnQtc2lnbmF0dXJlK2p3dCJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjE4NDk5IiwiYXVkIjoiYWdyZWVtZW50IiwiaWF0IjoxNzk1Mjc5MDIyLCJleHAiOjI3NDM5NTEwMjIsImFncmVlbWVudF9pZCI6IjAxYTFmZWY3LWU4ZjMtNzNmNS1hNDFjLTA3MjViYTNkMDc3MyIsImRpZ2VzdCI6ImE0ODNjYzc4ZDc2Y2FiZThmZTlkMWZkNmU3MGFhNmIwZDA4ZGIxOWUxNDNhNjYzYTk2YWE1OWFmODA0NjAxNDkiLCJvcmdhbmlzYXRpb25faWQiOiIwMWExZmVmNy1kNTM1LTcwOTEtOWYxYy1iYmQxNjVjOTE1OWYiLCJzaWduZWRfYnkiOiIwMWExZmVmNy1kNjA1LTczMTItOTEwNC0wZWM0OTRkMmRmNWIifQ.6cIdG3o6q0VgKDLVebhjIGB_pPG65AIDgu6ma1pLyfiTMTB4OsTeyhoQ_H1EVSmiDjP3wO4oSbsm914e9QHmDA', '2026-11-21 16:37:02.341608+00'),
	('01a1fef7-e919-755b-9698-914dc5ff1419', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '01a1fef7-d783-7129-b6e5-345b592816ad', 'a483cc78d76cabe8fe9d1fd6e70aa6b0d08db19e143a663a96aa59af80460149', 'eyJhbGciOiJFZERTQSIsImtpZCI6Ijg2TEZjSVZ4VTZDUjk0T0tIdEFLc2Q0a3l3WXMxeEVqbENxSGZ4V2tlZmsiLCJ0eXAiOiJhZ3JlZW1lbnQtc2lnbmF0dXJlK2p3dCJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjE4NDk5IiwiYXVkIjoiYWdyZWVtZW50IiwiaWF0IjoxNzk1Mjc5MDIyLCJleHAiOjI3NDM5NTEwMjIsImFncmVlbWVudF9pZCI6IjAxYTFmZWY3LWU4ZjMtNzNmNS1hNDFjLTA3MjViYTNkMDc3MyIsImRpZ2VzdCI6ImE0ODNjYzc4ZDc2Y2FiZThmZTlkMWZkNmU3MGFhNmIwZDA4ZGIxOWUxNDNhNjYzYTk2YWE1OWFmODA0NjAxNDkiLCJvcmdhbmlzYXRpb25faWQiOiIwMWExZmVmNy1kNmJmLTczYjQtOWE0ZS02MWNjNWUzZmRhNjgiLCJzaWduZWRfYnkiOiIwMWExZmVmNy1kNzgzLTcxMjktYjZlNS0zNDViNTkyODE2YWQifQ.hPhfQEceYdZGf04rM1NrapulrpI8dvhFDrLKxWkttixZGLN-ePYySQJXDVcRoAb9n9Gr_kU9Lf6_Ywizit5LCg', '2026-11-21 16:37:02.357204+00');
INSERT INTO "public"."agreements" VALUES
	('01a1fef7-e8f3-73f5-a41c-0725ba3d0773', 'finalized', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '{"shares": {"owner": 5500, "operator": 3500, "platform": 1000}, "columns": ["station_id", "station_name", "station_name_en", "observed_at", "pm25", "pm10", "so2", "no2", "co", "o3", "aqi", "temperature"], "buyer_id": "01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68", "owner_id": "01a1fef7-d38e-7429-9bb9-ba0d5ae08da6", "purposes": ["industry"], "right_id": "01a1fef7-dbff-7354-b336-3482488dc6ae", "title_en": "Hourly urban air quality", "title_zh": "城市环境空气质量小时监测", "product_id": "01a1fef7-e03e-7008-8b50-d57b56f1ac81", "quota_rows": 1750, "valid_from": "2026-11-21T16:37:02.315691+00:00", "operator_id": "01a1fef7-d535-7091-9f1c-bbd165c9159f", "quota_calls": null, "resource_id": "01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e", "valid_until": "2027-11-21T16:37:02.310856+00:00", "price_plan_id": "01a1fef7-e85f-7536-a8e4-8479a9d9ef88", "authorisation_id": "01a1fef7-dc2a-7495-b967-79333cd8732e", "purpose_statement": "Advice to industry on the siting of plants"}', 'a483cc78d76cabe8fe9d1fd6e70aa6b0d08db19e143a663a96aa59af80460149', '[]', '2026-11-21 16:37:02.315691+00', '01a1fef7-d783-7129-b6e5-345b592816ad', '2026-11-21 16:37:02.357204+00', NULL, NULL);
INSERT INTO "public"."alembic_version" VALUES
	('0008');
INSERT INTO "public"."audit_entries" VALUES
	('01a1fef7-c10b-723a-a949-31575783f5e9', '2026-11-21 16:36:51.976266+00', 'system', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', 'administrator.bootstrapped', 'organisation', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', '{"roles": ["organisation_admin", "platform_admin"], "person_id": "01a1fef7-c0e5-7479-b5dc-60ed4fa2d717"}', '[]', '\x6cfe203d30ac9dfca8bb7cbf379a368df2044246ef48a00f1b67ecce23e1897d'),
	('01a1fef7-d371-71e0-9d1b-041f4a2386bb', '2026-11-21 16:36:56.780464+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'session.opened', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '{}', '[]', '\xd7d1da74f35b15000c00c7e61b0ed2e5dade198d487a70df4ff796a0434f9938'),
	('01a1fef7-d396-7123-9595-c678100aa09c', '2026-11-21 16:36:56.844043+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.registered', 'organisation', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '{"kind": "owner", "name_en": "Demo City Data Bureau", "name_zh": "示范市数据局", "unified_social_credit_code": "11310000DEMANNAEP8"}', '[]', '\x03457289585b3cdefbe1ae4d29563f27c6a5415af9d3463cc4cd58f330d8ea50'),
	('01a1fef7-d3b2-702a-b46a-3a72f3a4f9a5', '2026-11-21 16:36:56.875217+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'evidence.submitted', 'organisation', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '{"kind": "institution_certificate", "evidence_id": "01a1fef7-d3ac-71ad-9d8c-a9b727fe5215", "document_sha256": "da96e6d078d7ba1e7d331658be1e9e09f5c90bbbd0d8537dd18523dc7fdf4bde"}', '[]', '\x2d200c1e125488f4ce38d6554ad168aa531bb3699e1b17d18d481770dbd66a68'),
	('01a1fef7-d3ce-740d-b7ca-3681686951fe', '2026-11-21 16:36:56.897207+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.verified', 'organisation', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '{"reason": "Certificate seen and on file", "evidence_ids": ["01a1fef7-d3ac-71ad-9d8c-a9b727fe5215"]}', '[]', '\x8a1e3196ef537cafeb9605e94b5a202294491c4158d360258b9bb19067125e2d'),
	('01a1fef7-d3f3-7070-ab7e-80041cb4654d', '2026-11-21 16:36:56.934698+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'member.invited', 'organisation', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '{"roles": ["data_owner", "organisation_admin"], "invitation_id": "01a1fef7-d3ec-7392-b358-381796fa55a1"}', '[{"key": "identity.invitation_days", "version": 1}]', '\x93c59b0cfca741a2fa87da66c5991ff0a26ded8bc8895c5ca070cd52fb68c89f'),
	('01a1fef7-d48c-71db-bfa8-7b0a3c85d306', '2026-11-21 16:36:57.084617+00', 'person', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'member.joined', 'organisation', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '{"roles": ["data_owner", "organisation_admin"], "person_id": "01a1fef7-d482-71a9-b951-4523f6e95114"}', '[]', '\xe18afbda027e767bac5774b89eb4e58e109c9f77afa03e0f10c2a4b8d1069685'),
	('01a1fef7-d523-715e-9917-66b67d3e809d', '2026-11-21 16:36:57.243226+00', 'person', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'session.opened', 'person', '01a1fef7-d482-71a9-b951-4523f6e95114', '{}', '[]', '\x68304842a614186246a8b463a7da56514fe2aa6ef552f53ac7784d56598c7603'),
	('01a1fef7-d536-721a-9b6e-3e7bc38429e0', '2026-11-21 16:36:57.268997+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.registered', 'organisation', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '{"kind": "operator", "name_en": "Demo City Public Data Operations Ltd", "name_zh": "示范市公共数据运营有限公司", "unified_social_credit_code": "91310000DEMABU14FQ"}', '[]', '\xa6d5aba108f28ab3955dba0d1033ce2c86742c26a0eddbabf971ae49b571ec27'),
	('01a1fef7-d54c-74bf-9e3d-d53488aeec69', '2026-11-21 16:36:57.290652+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'evidence.submitted', 'organisation', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '{"kind": "business_licence", "evidence_id": "01a1fef7-d54b-742d-a07e-ac13f0d3d61e", "document_sha256": "71d0a5c1ea0482938ba578076879490208fea7535b8777f51a09b8c1070b3bfc"}', '[]', '\xd8b7f6b40e8c27a89565fdfa45deaa5505b20a277f7b624c21fb4268fa821bd6'),
	('01a1fef7-d563-766e-a3ec-dfeaaf5c6af2', '2026-11-21 16:36:57.307702+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.verified', 'organisation', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '{"reason": "Certificate seen and on file", "evidence_ids": ["01a1fef7-d54b-742d-a07e-ac13f0d3d61e"]}', '[]', '\x492c9f5930e47895eea0135b724f472e2eddb9e9c2e1344662ae99a7f9cd5995'),
	('01a1fef7-d577-70b7-a15e-fac807a4afbc', '2026-11-21 16:36:57.328193+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'member.invited', 'organisation', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '{"roles": ["data_operator", "organisation_admin"], "invitation_id": "01a1fef7-d577-70b7-a15e-fac7822e4b55"}', '[{"key": "identity.invitation_days", "version": 1}]', '\xca55bf1767675e4a8e57896613f4cac3fad9ce3293018ab265e27162c19ef988'),
	('01a1fef7-d60b-725b-8cee-fc1247e01d69', '2026-11-21 16:36:57.473008+00', 'person', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'member.joined', 'organisation', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '{"roles": ["data_operator", "organisation_admin"], "person_id": "01a1fef7-d605-7312-9104-0ec494d2df5b"}', '[]', '\x63d9c7b5d923e46b8b3d3cae5a0a392753b2638eb98b2907834d42994b45d041'),
	('01a1fef7-d6b0-707c-97a3-aa057d79cde5', '2026-11-21 16:36:57.639308+00', 'person', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'session.opened', 'person', '01a1fef7-d605-7312-9104-0ec494d2df5b', '{}', '[]', '\x61e2d94ead0de93c2457442efa8cc4d2563590ccefb56189e85439e411fc39e3'),
	('01a1fef7-d6c3-72bb-ac55-313d77238a07', '2026-11-21 16:36:57.663153+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.registered', 'organisation', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '{"kind": "buyer", "name_en": "Demo Environmental Services Ltd", "name_zh": "示范环境服务有限公司", "unified_social_credit_code": "91310000DEMAFB6PG7"}', '[]', '\x2ca289eabbd0359365143d3e4c3d69294ef306818ba989e282ea6780e69910c4'),
	('01a1fef7-d6d3-7644-beb6-a3806f57021d', '2026-11-21 16:36:57.679385+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'evidence.submitted', 'organisation', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '{"kind": "business_licence", "evidence_id": "01a1fef7-d6d2-76bb-8c67-f388d9576cbc", "document_sha256": "56169548facda9825664670fd9acc3608488cca1153da5afaa932477892f3027"}', '[]', '\xebe46220cfe3ac6b2bb81451b1db6bca4121f1adcd433d767fc56345257bc806'),
	('01a1fef7-d6e7-745f-b033-1db73d094ffc', '2026-11-21 16:36:57.695486+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.verified', 'organisation', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '{"reason": "Certificate seen and on file", "evidence_ids": ["01a1fef7-d6d2-76bb-8c67-f388d9576cbc"]}', '[]', '\x2ff522cae17c4c06d775964641344aa61d90c05889b4371bddfb03e40bc045d5'),
	('01a1fef7-d701-7512-bc14-5f47d1a8abdd', '2026-11-21 16:36:57.722082+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'member.invited', 'organisation', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '{"roles": ["buyer", "organisation_admin"], "invitation_id": "01a1fef7-d700-74e1-8311-610a491aed7b"}', '[{"key": "identity.invitation_days", "version": 1}]', '\xe259be4142d54a4ec071bff81a79c9441190d287fb53a6c7d81ba49c2591e91b'),
	('01a1fef7-d78c-7059-89f9-8a5d70edb7a9', '2026-11-21 16:36:57.858814+00', 'person', '01a1fef7-d783-7129-b6e5-345b592816ad', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'member.joined', 'organisation', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '{"roles": ["buyer", "organisation_admin"], "person_id": "01a1fef7-d783-7129-b6e5-345b592816ad"}', '[]', '\xc8e7cb672a52975f19e75cf4e27276982683cb1104be37ab805eb76820ade459'),
	('01a1fef7-d827-76fe-9bda-74ae02d05d56', '2026-11-21 16:36:58.015125+00', 'person', '01a1fef7-d783-7129-b6e5-345b592816ad', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'session.opened', 'person', '01a1fef7-d783-7129-b6e5-345b592816ad', '{}', '[]', '\x7f85afd48d4ffe83fac8d24ed438447553542ad34c4b3cedfa7d6607315718d2'),
	('01a1fef7-d838-7062-a796-6a599c058582', '2026-11-21 16:36:58.039377+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.registered', 'organisation', '01a1fef7-d837-77c0-8480-552c4c19e3b1', '{"kind": "regulator", "name_en": "Demo City Data Market Regulator", "name_zh": "示范市数据交易监管处", "unified_social_credit_code": "11310000DEMAUAPK39"}', '[]', '\x4d41c580f3b7d7d868af3aac155b8ef0ffff392b822fa739a9c1afa228da2d9b'),
	('01a1fef7-d84b-7323-af9d-0504052e8775', '2026-11-21 16:36:58.05567+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'evidence.submitted', 'organisation', '01a1fef7-d837-77c0-8480-552c4c19e3b1', '{"kind": "institution_certificate", "evidence_id": "01a1fef7-d84a-7783-8f91-f2eb865d9f91", "document_sha256": "742b1fb39a165aa3333a77e0348a9fb7d8bdbbe53b39907d5ce1eaa24749cd0b"}', '[]', '\x8c49df24d71c4a641b19209ee8bb6c5209b9a9c3e1cf2b002cc137b002551de6'),
	('01a1fef7-d862-73ec-a72a-f726db3b37a0', '2026-11-21 16:36:58.076277+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.verified', 'organisation', '01a1fef7-d837-77c0-8480-552c4c19e3b1', '{"reason": "Certificate seen and on file", "evidence_ids": ["01a1fef7-d84a-7783-8f91-f2eb865d9f91"]}', '[]', '\x3d40b2bec6d256e2023214f5c5341402d94e94353ceb2b0ef76622f479346468'),
	('01a1fef7-d87b-7402-a223-30867ab030d7', '2026-11-21 16:36:58.097096+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'member.invited', 'organisation', '01a1fef7-d837-77c0-8480-552c4c19e3b1', '{"roles": ["organisation_admin", "regulator_officer"], "invitation_id": "01a1fef7-d87b-7402-a223-308511e78371"}', '[{"key": "identity.invitation_days", "version": 1}]', '\xacf86894a2ee9b648bd5bfd3a767400eb0b987a4ad39489510a754a31305a8f8'),
	('01a1fef7-d905-750b-8f53-c01d68720f13', '2026-11-21 16:36:58.235579+00', 'person', '01a1fef7-d8fc-737e-82cc-34948112e82f', '01a1fef7-d837-77c0-8480-552c4c19e3b1', 'member.joined', 'organisation', '01a1fef7-d837-77c0-8480-552c4c19e3b1', '{"roles": ["organisation_admin", "regulator_officer"], "person_id": "01a1fef7-d8fc-737e-82cc-34948112e82f"}', '[]', '\xe317a99b51debb1d1649e746df94b90974219844c3fc692b078c1187bc266650'),
	('01a1fef7-d9a4-7180-a7fd-aaf58c1ab0a8', '2026-11-21 16:36:58.396909+00', 'person', '01a1fef7-d8fc-737e-82cc-34948112e82f', '01a1fef7-d837-77c0-8480-552c4c19e3b1', 'session.opened', 'person', '01a1fef7-d8fc-737e-82cc-34948112e82f', '{}', '[]', '\x8717e8ccb5c3f7e7dcf5c0fb288bc1694d94157f7803750a86521f8414dcc875'),
	('01a1fef7-e919-755b-9698-914efef67b56', '2026-11-21 16:37:02.357204+00', 'person', '01a1fef7-d783-7129-b6e5-345b592816ad', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'agreement.signed', 'agreement', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '{"as": "VERIFY", "digest": "a483cc78d76cabe8fe9d1fd6e70aa6b0d08db19e143a663a96aa59af80460149"}', '[]', '\x587cc2631c823b8d7108daa368efe0a1f121c105f6fed49d4d3abbc1770698ef'),
	('01a1fef7-d9ba-7407-addc-67c8cb5c4c97', '2026-11-21 16:36:58.421644+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.registered', 'organisation', '01a1fef7-d9b5-7657-800b-afa02c474dd4', '{"kind": "platform", "name_en": "Demo Market Platform, Finance", "name_zh": "示范数据交易平台财务部", "unified_social_credit_code": "91310000DEMAPBQH3W"}', '[]', '\x33dfa65e31be8a00e2770902a45af7a9b69f951fa52d3f379f5c51c31e5edc7a'),
	('01a1fef7-d9d0-7681-b8c4-4381295a6f95', '2026-11-21 16:36:58.446607+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'evidence.submitted', 'organisation', '01a1fef7-d9b5-7657-800b-afa02c474dd4', '{"kind": "business_licence", "evidence_id": "01a1fef7-d9cf-7588-937a-6950519c5de9", "document_sha256": "cda15f4e7499d0b6db655a0b3bb5fbf26f1bed90111497f19d3960fe8a938bde"}', '[]', '\x84db483576e258165dbbef50dff275ac060725f63b7e576f331bd49ee77aadac'),
	('01a1fef7-d9e5-737c-a73d-e297ed64b312', '2026-11-21 16:36:58.461341+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'organisation.verified', 'organisation', '01a1fef7-d9b5-7657-800b-afa02c474dd4', '{"reason": "Certificate seen and on file", "evidence_ids": ["01a1fef7-d9cf-7588-937a-6950519c5de9"]}', '[]', '\xa12f14813092a8c0c903347b363cd7ab4aa564da69598a7e321f3c4674b84517'),
	('01a1fef7-da06-7091-8951-16550b6f2b36', '2026-11-21 16:36:58.491659+00', 'person', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'member.invited', 'organisation', '01a1fef7-d9b5-7657-800b-afa02c474dd4', '{"roles": ["finance_officer", "organisation_admin"], "invitation_id": "01a1fef7-da01-7196-941f-6b7161f34a9b"}', '[{"key": "identity.invitation_days", "version": 1}]', '\x46d8afd22b35a48390306813984c9e63775aded2f6531577ae83b12ced27147a'),
	('01a1fef7-da93-72cf-bd5b-05aad5b3b6e6', '2026-11-21 16:36:58.639624+00', 'person', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-d9b5-7657-800b-afa02c474dd4', 'member.joined', 'organisation', '01a1fef7-d9b5-7657-800b-afa02c474dd4', '{"roles": ["finance_officer", "organisation_admin"], "person_id": "01a1fef7-da90-75ca-9d8e-f8b754de89a7"}', '[]', '\x8cc6f18ca70d5bf69b71a4e9610510ac174024439e644786d39de80bf7189090'),
	('01a1fef7-db3e-77ad-a290-d966f1b2e0aa', '2026-11-21 16:36:58.806901+00', 'person', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-d9b5-7657-800b-afa02c474dd4', 'session.opened', 'person', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '{}', '[]', '\x6769a1f3b7c7bab512a4e51136fcf00d3d81757f67c272cf61ac7f4507db241a'),
	('01a1fef7-db58-767a-8a6d-ad124b8dc207', '2026-11-21 16:36:58.832011+00', 'person', '01a1fef7-d783-7129-b6e5-345b592816ad', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'client.created', 'client', '01a1fef7-db50-7595-8882-867a7f26dab9', '{"name": "Buyer''s program", "roles": ["buyer"]}', '[]', '\xa33b7ca13856dcb28f943ea871ee5e579082035292f1800f867c58e088b2a21a'),
	('01a1fef7-dba7-70b8-998d-4f47c2a7c0d0', '2026-11-21 16:36:58.910618+00', 'program', '01a1fef7-db50-7595-8882-867a7f26dab9', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'access_token.issued', 'client', '01a1fef7-db50-7595-8882-867a7f26dab9', '{"scope": "buyer", "token_id": "01a1fef7-dba7-70b8-998d-4f46fc893f24"}', '[]', '\x761a18775082382864447adf57603898114e5ddbcb2fecd813dc75a36369afc5'),
	('01a1fef7-dbd9-7788-be49-dfa778439912', '2026-11-21 16:36:58.952999+00', 'person', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'resource.registered', 'resource', '01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e', '{"title_en": "Hourly urban air quality", "title_zh": "城市环境空气质量小时监测", "classification": "GENERAL", "personal_information": false}', '[]', '\xd5d13703d4ec9218e92bfd664e3166b9017844f615a1db882e23718dd52affdf'),
	('01a1fef7-dc04-75cb-b8d1-68225c7860c5', '2026-11-21 16:36:58.995969+00', 'person', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'right.recorded', 'right', '01a1fef7-dbff-7354-b336-3482488dc6ae', '{"kind": "HOLD", "basis": "statutory_duty", "resource_id": "01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e", "evidence_sha256": "ef048ac4bc4a0de9afbd28e559fedb8b579919696c5a2dc6c9c01a7df8026d2e"}', '[]', '\x6dbd4eca29c3f3eb15e631bf1abe973cb3a752a9608e122bff4dadcf812cb2be'),
	('01a1fef7-dc3d-712e-8c98-86dce3f57169', '2026-11-21 16:36:59.03465+00', 'person', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'authorisation.offered', 'authorisation', '01a1fef7-dc2a-7495-b967-79333cd8732e', '{"shares": {"owner": 5500, "operator": 3500, "platform": 1000}, "columns": null, "regions": ["310000"], "purposes": ["industry", "public_welfare"], "exclusive": true, "scenarios": ["environmental_services", "urban_governance"], "valid_from": "2026-11-21T16:36:59.983854Z", "operator_id": "01a1fef7-d535-7091-9f1c-bbd165c9159f", "valid_until": "2029-11-20T16:36:58.983854Z", "resource_ids": ["01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e"], "consideration": "revenue_share"}', '[{"key": "authorisation.max_term_years", "version": 1}]', '\x79e55ac6705ddcb6be8e263985c9bbae8e7be6da81e0c1e1988a63eccc0b238f'),
	('01a1fef7-dc69-76f6-916c-cc81c450a2c2', '2026-11-21 16:36:59.100284+00', 'person', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'authorisation.accepted', 'authorisation', '01a1fef7-dc2a-7495-b967-79333cd8732e', '{"state": "active", "reason": null}', '[]', '\x9beaa122cad519fd82375515c2efbcaaf675321215b803aef631b992e089460f'),
	('01a1fef7-e046-7409-9419-592bc1fb9814', '2026-11-21 16:37:00.062688+00', 'person', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'product.created', 'product', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '{"authorisation_id": "01a1fef7-dc2a-7495-b967-79333cd8732e"}', '[]', '\xc0727efc8550a7c0c5585d2af6ddae7ee024f8e16f2029bebbd8229b8e9061b5'),
	('01a1fef7-e4e9-71d1-9ac0-49c7e8b44802', '2026-11-21 16:37:01.227711+00', 'person', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'revision.registered', 'revision', '01a1fef7-e48c-7537-b0ab-26b8541634b7', '{"rows": 17281, "number": 1, "sha256": "a636e667cfe7d5d1ff0da53ae7b4c0b7cd469dfda6bbc6a5e7375911f996507f", "product_id": "01a1fef7-e03e-7008-8b50-d57b56f1ac81", "source_sha256": "8d5383dd7e7c94ac7000326c895db280ea6e521c0e07459ca12a6a123f7f54ef"}', '[]', '\x346082fc7b06a82340411f3db0b7221dcdd3e277c675c4bbe391a0e211085dd1'),
	('01a1fef7-e7c6-710d-a108-a7eac3bdbd55', '2026-11-21 16:37:02.003486+00', 'system', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', 'quality.reported', 'revision', '01a1fef7-e48c-7537-b0ab-26b8541634b7', '{"grade": "A", "score": "0.999507", "digest": "086c84abd8bb7660203b6f90f2370e95726087f0f9c2adb8cd8bb1337a66572d", "status": "passed", "report_id": "01a1fef7-e7bf-7104-88e6-9e44cc016c26"}', '[{"key": "quality.grade.a", "version": 1}, {"key": "quality.grade.b", "version": 1}, {"key": "quality.grade.c", "version": 1}, {"key": "quality.grade.d", "version": 1}, {"key": "quality.lowest_passing_grade", "version": 1}, {"key": "quality.weight.accessibility", "version": 1}, {"key": "quality.weight.accuracy", "version": 1}, {"key": "quality.weight.completeness", "version": 1}, {"key": "quality.weight.conformity", "version": 1}, {"key": "quality.weight.consistency", "version": 1}, {"key": "quality.weight.timeliness", "version": 1}]', '\xdd450f074be75f6835cc189b61e9901647910eb8602e03399c85fa50b9d8014c'),
	('01a1fef7-e865-70d8-9abc-c11e0323c55b', '2026-11-21 16:37:02.174368+00', 'person', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'price_plan.created', 'price_plan', '01a1fef7-e85f-7536-a8e4-8479a9d9ef88', '{"charges": [{"model": "per_unit", "metric": "calls", "allowance": 5, "unit_price": "0.50"}, {"model": "per_unit", "metric": "rows", "allowance": 10, "unit_price": "0.035"}], "currency": "CNY", "supersedes": null}', '[{"key": "pricing.max_allowance", "version": 1}, {"key": "pricing.max_charges", "version": 1}, {"key": "pricing.max_price_places", "version": 1}, {"key": "pricing.max_unit_price", "version": 1}]', '\x9edeaa5b70d9419ef5c9ba1aaad50cc130d4add3efcbf759b83b2907a831f00b'),
	('01a1fef7-e883-7369-b880-7d67b7e1a806', '2026-11-21 16:37:02.200549+00', 'person', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'product.price_plan_attached', 'product', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '{"plan_id": "01a1fef7-e85f-7536-a8e4-8479a9d9ef88"}', '[]', '\x9c58460503f353a2f2df7adbf52be96f97714b721c7b9c140d0c1c51f36e82b3'),
	('01a1fef7-e89a-7259-8dfa-a090e4808d88', '2026-11-21 16:37:02.224552+00', 'person', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'product.submitted', 'product', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '{"sha256": "a636e667cfe7d5d1ff0da53ae7b4c0b7cd469dfda6bbc6a5e7375911f996507f", "plan_id": "01a1fef7-e85f-7536-a8e4-8479a9d9ef88", "revision_id": "01a1fef7-e48c-7537-b0ab-26b8541634b7"}', '[]', '\x03affd1d1ed98444dd2c3a7b261a968145a8bf0eb5cbeaf64bbc7ede5c0f2c98'),
	('01a1fef7-e8b1-759e-8dd9-c622548bc258', '2026-11-21 16:37:02.249251+00', 'person', '01a1fef7-d8fc-737e-82cc-34948112e82f', '01a1fef7-d837-77c0-8480-552c4c19e3b1', 'product.published', 'product', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '{"note": "Rights, authorisation and quality seen", "sha256": "a636e667cfe7d5d1ff0da53ae7b4c0b7cd469dfda6bbc6a5e7375911f996507f", "plan_id": "01a1fef7-e85f-7536-a8e4-8479a9d9ef88", "revision_id": "01a1fef7-e48c-7537-b0ab-26b8541634b7"}', '[]', '\xa34b18dfa5e30af1b6b135cb30cb33d889fa2671cfd1353175e86b6ef79cd797'),
	('01a1fef7-e8f6-758a-b89f-2adfb407b032', '2026-11-21 16:37:02.315691+00', 'person', '01a1fef7-d783-7129-b6e5-345b592816ad', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'agreement.requested', 'agreement', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '{"digest": "a483cc78d76cabe8fe9d1fd6e70aa6b0d08db19e143a663a96aa59af80460149"}', '[]', '\x32cddc31f31f314602993edbebf683ff234ec449348258284b0b3ebfb48e4912'),
	('01a1fef7-e909-7523-a55f-0a93bda1f81f', '2026-11-21 16:37:02.341608+00', 'person', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'agreement.signed', 'agreement', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '{"as": "AGREE", "digest": "a483cc78d76cabe8fe9d1fd6e70aa6b0d08db19e143a663a96aa59af80460149"}', '[]', '\x18aff895544ead1feb6afe2e0a80b51b4e4420a47e00d43e4497eaeeb3c3b833'),
	('01a1fef7-e943-75d4-983a-9655befec89c', '2026-11-21 16:37:02.357204+00', 'person', '01a1fef7-d783-7129-b6e5-345b592816ad', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'licence.issued', 'licence', '01a1fef7-e92b-70a7-827f-e13bccb88c0c', '{"agreement_id": "01a1fef7-e8f3-73f5-a41c-0725ba3d0773", "agreement_digest": "a483cc78d76cabe8fe9d1fd6e70aa6b0d08db19e143a663a96aa59af80460149"}', '[]', '\x9767833bb8c418b0d1670d9824f127f7e6f2d1f703acca726374c30f3d4f596b'),
	('01a1fef7-e975-708f-8f44-e82243b1564c', '2026-11-21 16:37:02.45195+00', 'program', '01a1fef7-db50-7595-8882-867a7f26dab9', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'access_token.issued', 'client', '01a1fef7-db50-7595-8882-867a7f26dab9', '{"scope": "buyer", "token_id": "01a1fef7-e975-708f-8f44-e8218b421cca"}', '[]', '\x28b2dfcccab70ffc1af35d71961d63e24fd095b98a8f59412b14132275d22972'),
	('01a1fef7-e9d4-734b-a633-eebd5839e814', '2026-11-21 16:37:02.536199+00', 'program', '01a1fef7-db50-7595-8882-867a7f26dab9', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'licence.token_issued', 'licence', '01a1fef7-e92b-70a7-827f-e13bccb88c0c', '{"token_id": "01a1fef7-e9d3-7160-bad0-5d4bb093099a", "expires_at": "2026-11-22T16:37:02.536199+00:00"}', '[{"key": "licence.token_hours", "version": 1}]', '\xb2ca94c196106486b424a5ce893527f4b6efa90a7ca61d7a303d647c687eb1c6'),
	('01a1fef7-ec17-71a8-9d53-b42e909a73c0', '2026-11-21 16:37:03.093652+00', 'person', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-d9b5-7657-800b-afa02c474dd4', 'invoice.issued', 'invoice', '01a1fef7-ec05-73cd-9937-a496240c71a8', '{"total": "42.69 CNY", "digest": "cf9f6d18f751a3c16f17140a140a2cfa9dd726916d07f7c21bfc96f977236ac7", "number": "00001-000000001"}', '[{"key": "pricing.public_purposes_are_free", "version": 1}, {"key": "pricing.rounding", "version": 1}, {"key": "settlement.payment_term_days", "version": 1}]', '\x6f738e55e8c44b291855c5a6df83d806d294d0ad37d9961109ca6e6ac4864e2b'),
	('01a1fef7-ec1b-76f3-95e8-e633e0adffcb', '2026-11-21 16:37:03.093652+00', 'person', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-d9b5-7657-800b-afa02c474dd4', 'period.closed', 'agreement', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '{"total": "42.69 CNY", "usage": [{"rows": 1001, "calls": 21, "by_purpose": {"industry": {"rows": 1001, "calls": 21}}, "licence_id": "01a1fef7-e92b-70a7-827f-e13bccb88c0c", "usage_period_no": 1}], "period_no": 1, "invoice_id": "01a1fef7-ec05-73cd-9937-a496240c71a8"}', '[{"key": "pricing.public_purposes_are_free", "version": 1}, {"key": "pricing.rounding", "version": 1}, {"key": "settlement.payment_term_days", "version": 1}]', '\x1ed0066cbfa8f6dfc880ee21f9f993f253dc588c6e222c36feae45c80bf0f97b'),
	('01a1fef7-ec53-77be-8037-662ee304bb85', '2026-11-21 16:37:03.161774+00', 'person', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-d9b5-7657-800b-afa02c474dd4', 'invoice.paid', 'invoice', '01a1fef7-ec05-73cd-9937-a496240c71a8', '{"rail": "bank", "amount": "42.69 CNY"}', '[]', '\x773606744bbdcbac163b19fea9371c082b5ac5cbd0ec1109975a7cd7a45d4496'),
	('01a1fef7-ec5f-770a-8e15-c858bb2132ec', '2026-11-21 16:37:03.161774+00', 'person', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-d9b5-7657-800b-afa02c474dd4', 'bank_statement.imported', 'bank_statement', '01a1fef7-ec3f-7349-a2a0-e582e004af0f', '{"digest": "366375998fef3db446ee946baed0644f28cbed743a719ef388354806ec1fc692", "account": "6222000000000001", "statement_id": "DEMO-c67a879c"}', '[]', '\xfab08b9efc0bc6cafbdbd2adcfc3429e73bde0fc949779ff9c695a0e121725b4'),
	('01a1fef7-ecaf-70e2-a510-ed97086ec283', '2026-11-21 16:37:03.231349+00', 'person', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-d9b5-7657-800b-afa02c474dd4', 'books.reconciled', 'reconciliation', '01a1fef7-eca8-740f-9821-0ad5ae30612f', '{"clean": true, "breaks": 0, "checked": {"refunds": 0, "accounts": 6, "invoices": 1, "journals": 3, "payments": 1, "postings": 8, "statements": 1, "card_payments": 0, "invoices_open": 0, "statement_lines": 1, "statement_lines_matched": 1}}', '[]', '\xc493068c198c581f36a296516d5f016d2b19dda3142ab8f4cef8bd34c5b5ddeb'),
	('01a1fef7-ed5a-74cc-8c8f-f8b084dac677', '2026-11-21 16:37:03.442769+00', 'person', '01a1fef7-d8fc-737e-82cc-34948112e82f', '01a1fef7-d837-77c0-8480-552c4c19e3b1', 'agreement.stopped', 'agreement', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '{"reason": "Use is being looked into (demo)", "stop_id": "01a1fef7-ed53-773e-aa6f-a1fc05882776"}', '[]', '\x2d96f84c7943d885328a1cfb5077fc3e38247e361e0b9c326965cd7ca3be5ed5'),
	('01a1fef7-ed75-732b-9d97-dda961e8ba2d', '2026-11-21 16:37:03.469603+00', 'person', '01a1fef7-d8fc-737e-82cc-34948112e82f', '01a1fef7-d837-77c0-8480-552c4c19e3b1', 'agreement.stop_lifted', 'agreement', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '{"reason": "Nothing was found (demo)", "stop_ids": ["01a1fef7-ed53-773e-aa6f-a1fc05882776"]}', '[]', '\x9a27e197c9dbca9745cbcaa8014009cb2aa85226fbdd5ee92193119a912c9e75'),
	('01a1fef7-ed8f-76c5-b3ad-3e1dadae9d93', '2026-11-21 16:37:03.498765+00', 'person', '01a1fef7-d8fc-737e-82cc-34948112e82f', '01a1fef7-d837-77c0-8480-552c4c19e3b1', 'agreement.reviewed', 'agreement', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '{"note": "Use is within the purpose"}', '[]', '\x53b17afe498661f902e6449d5261c57aa86db73a3ab28674e23429ae8eb9ce75');
INSERT INTO "public"."audit_heads" VALUES
	(39, '\x1dc2026a294d8e4d60e57cb30bbce171a42a019bbdb044db6a14070606f32e8d', 'SHA-256', 'eyJhbGciOiJFZERTQSIsImtpZCI6Ijg2TEZjSVZ4VTZDUjk0T0tIdEFLc2Q0a3l3WXMxeEVqbENxSGZ4V2tlZmsiLCJ0eXAiOiJhdWRpdC1oZWFkK2p3dCJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjE4NDk5IiwiYXVkIjoiYXVkaXQiLCJpYXQiOjE3OTUyNzkwMjEsImV4cCI6Mjc0Mzk1MTAyMSwic2l6ZSI6MzksInJvb3QiOiIxZGMyMDI2YTI5NGQ4ZTRkNjBlNTdjYjMwYmJjZTE3MWE0MmEwMTliYmRiMDQ0ZGI2YTE0MDcwNjA2ZjMyZThkIiwiYWxnb3JpdGhtIjoiU0hBLTI1NiJ9.Z8AGgbFSmBh72O4_52vrXaPeuyTyVA9-ooZpTSe4hLEbYLFKhlEZbVK282gbZ-AFxUjWoSOGKXAJ2l-8lQSSDw', '2026-11-21 16:37:01.041839+00');
INSERT INTO "public"."audit_leaves" VALUES
	(0, '01a1fef7-c10b-723a-a949-31575783f5e9'),
	(1, '01a1fef7-d371-71e0-9d1b-041f4a2386bb'),
	(2, '01a1fef7-d396-7123-9595-c678100aa09c'),
	(3, '01a1fef7-d3b2-702a-b46a-3a72f3a4f9a5'),
	(4, '01a1fef7-d3ce-740d-b7ca-3681686951fe'),
	(5, '01a1fef7-d3f3-7070-ab7e-80041cb4654d'),
	(6, '01a1fef7-d48c-71db-bfa8-7b0a3c85d306'),
	(7, '01a1fef7-d523-715e-9917-66b67d3e809d'),
	(8, '01a1fef7-d536-721a-9b6e-3e7bc38429e0'),
	(9, '01a1fef7-d54c-74bf-9e3d-d53488aeec69'),
	(10, '01a1fef7-d563-766e-a3ec-dfeaaf5c6af2'),
	(11, '01a1fef7-d577-70b7-a15e-fac807a4afbc'),
	(12, '01a1fef7-d60b-725b-8cee-fc1247e01d69'),
	(13, '01a1fef7-d6b0-707c-97a3-aa057d79cde5'),
	(14, '01a1fef7-d6c3-72bb-ac55-313d77238a07'),
	(15, '01a1fef7-d6d3-7644-beb6-a3806f57021d'),
	(16, '01a1fef7-d6e7-745f-b033-1db73d094ffc'),
	(17, '01a1fef7-d701-7512-bc14-5f47d1a8abdd'),
	(18, '01a1fef7-d78c-7059-89f9-8a5d70edb7a9'),
	(19, '01a1fef7-d827-76fe-9bda-74ae02d05d56'),
	(20, '01a1fef7-d838-7062-a796-6a599c058582'),
	(21, '01a1fef7-d84b-7323-af9d-0504052e8775'),
	(22, '01a1fef7-d862-73ec-a72a-f726db3b37a0'),
	(23, '01a1fef7-d87b-7402-a223-30867ab030d7'),
	(24, '01a1fef7-d905-750b-8f53-c01d68720f13'),
	(25, '01a1fef7-d9a4-7180-a7fd-aaf58c1ab0a8'),
	(26, '01a1fef7-d9ba-7407-addc-67c8cb5c4c97'),
	(27, '01a1fef7-d9d0-7681-b8c4-4381295a6f95'),
	(28, '01a1fef7-d9e5-737c-a73d-e297ed64b312'),
	(29, '01a1fef7-da06-7091-8951-16550b6f2b36'),
	(30, '01a1fef7-da93-72cf-bd5b-05aad5b3b6e6'),
	(31, '01a1fef7-db3e-77ad-a290-d966f1b2e0aa'),
	(32, '01a1fef7-db58-767a-8a6d-ad124b8dc207'),
	(33, '01a1fef7-dba7-70b8-998d-4f47c2a7c0d0'),
	(34, '01a1fef7-dbd9-7788-be49-dfa778439912'),
	(35, '01a1fef7-dc04-75cb-b8d1-68225c7860c5'),
	(36, '01a1fef7-dc3d-712e-8c98-86dce3f57169'),
	(37, '01a1fef7-dc69-76f6-916c-cc81c450a2c2'),
	(38, '01a1fef7-e046-7409-9419-592bc1fb9814');
INSERT INTO "public"."audit_nodes" VALUES
	(0, 0, '\x6cfe203d30ac9dfca8bb7cbf379a368df2044246ef48a00f1b67ecce23e1897d'),
	(0, 1, '\xd7d1da74f35b15000c00c7e61b0ed2e5dade198d487a70df4ff796a0434f9938'),
	(1, 0, '\x4304c91f7d35cc33b34454d48b7b494b1f619d2945bec814bfac7820da82516d'),
	(0, 2, '\x03457289585b3cdefbe1ae4d29563f27c6a5415af9d3463cc4cd58f330d8ea50'),
	(0, 3, '\x2d200c1e125488f4ce38d6554ad168aa531bb3699e1b17d18d481770dbd66a68'),
	(1, 1, '\xf2588822afbf79443df5e4b601c8bfe141ce34dc19e5bd73fb8fe80eaac537cc'),
	(2, 0, '\xe85a8ef7b5e582dc08ad9334d2f51cdb128af4b120e16bd7e5dd6f386f016af8'),
	(0, 4, '\x8a1e3196ef537cafeb9605e94b5a202294491c4158d360258b9bb19067125e2d'),
	(0, 5, '\x93c59b0cfca741a2fa87da66c5991ff0a26ded8bc8895c5ca070cd52fb68c89f'),
	(1, 2, '\x51c7c993377bebc78693598cc569afc2ba8c4e770304a92eb7dd70e8ab7469b7'),
	(0, 6, '\xe18afbda027e767bac5774b89eb4e58e109c9f77afa03e0f10c2a4b8d1069685'),
	(0, 7, '\x68304842a614186246a8b463a7da56514fe2aa6ef552f53ac7784d56598c7603'),
	(1, 3, '\x2b8c4883ada5316380b53f9436a8e8a2c183f7ef07c55ff87c583ef8ca452c56'),
	(2, 1, '\x729931082ebac7d29b2b512c2f43fbc127df2598f324860787e6a40adf469444'),
	(3, 0, '\xa7d93ac59c73ed1b4f5398e839226e516748d847daf73795ce631539c9eb30fa'),
	(0, 8, '\xa6d5aba108f28ab3955dba0d1033ce2c86742c26a0eddbabf971ae49b571ec27'),
	(0, 9, '\xd8b7f6b40e8c27a89565fdfa45deaa5505b20a277f7b624c21fb4268fa821bd6'),
	(1, 4, '\x7b847c9a57be47f916e4b5b91977877cb95156bad80c2bb78374cbb70ffe6239'),
	(0, 10, '\x492c9f5930e47895eea0135b724f472e2eddb9e9c2e1344662ae99a7f9cd5995'),
	(0, 11, '\xca55bf1767675e4a8e57896613f4cac3fad9ce3293018ab265e27162c19ef988'),
	(1, 5, '\x60644f9a94fabdb6a654db61d1797c5af644bc81671d4488b12d083b41e660f8'),
	(2, 2, '\xf8316689f1a74ddc3b604bf2e195be774d6fcee5b7399046ec09dd24de3f9eae'),
	(0, 12, '\x63d9c7b5d923e46b8b3d3cae5a0a392753b2638eb98b2907834d42994b45d041'),
	(0, 13, '\x61e2d94ead0de93c2457442efa8cc4d2563590ccefb56189e85439e411fc39e3'),
	(1, 6, '\x9c2e53f10bac3bc5100c548763cb66cd8dda72c98e4b18c62b0798508c9b1279'),
	(0, 14, '\x2ca289eabbd0359365143d3e4c3d69294ef306818ba989e282ea6780e69910c4'),
	(0, 15, '\xebe46220cfe3ac6b2bb81451b1db6bca4121f1adcd433d767fc56345257bc806'),
	(1, 7, '\xc046b4c8e725fcbd52ca933b7cb53b2f117a3e2041bf07c9fec1211e8adda99a'),
	(2, 3, '\x787be0e3e47bbe1808b5af078df985d21e8fd68a573095347e9c4cb04871d29b'),
	(3, 1, '\x37dd523216af389c36e6e20b4ea43046164d2f784c44caa903c1989e17f3aacf'),
	(4, 0, '\xe9212c2a6bf58fd51d0a619dc568338fb1df26a0203a097d8502d5c225df57c8'),
	(0, 16, '\x2ff522cae17c4c06d775964641344aa61d90c05889b4371bddfb03e40bc045d5'),
	(0, 17, '\xe259be4142d54a4ec071bff81a79c9441190d287fb53a6c7d81ba49c2591e91b'),
	(1, 8, '\x1ee0026d07e67f940faa16d733d42af7177b871c5f18c08c469fb3d2f2753745'),
	(0, 18, '\xc8e7cb672a52975f19e75cf4e27276982683cb1104be37ab805eb76820ade459'),
	(0, 19, '\x7f85afd48d4ffe83fac8d24ed438447553542ad34c4b3cedfa7d6607315718d2'),
	(1, 9, '\x19b06f15d9845a3eeba3483bc80c4478bd995c1292b4622caa93ef2050516fec'),
	(2, 4, '\x0236865e970dab750ee5898a5414bff5efc83461edb604953aff0903c0a3f6df'),
	(0, 20, '\x4d41c580f3b7d7d868af3aac155b8ef0ffff392b822fa739a9c1afa228da2d9b'),
	(0, 21, '\x8c49df24d71c4a641b19209ee8bb6c5209b9a9c3e1cf2b002cc137b002551de6'),
	(1, 10, '\x6a2d07de6a19c3c19b5bbb27820802d1cb2edf695da917d3178e3464e7ade1ef'),
	(0, 22, '\x3d40b2bec6d256e2023214f5c5341402d94e94353ceb2b0ef76622f479346468'),
	(0, 23, '\xacf86894a2ee9b648bd5bfd3a767400eb0b987a4ad39489510a754a31305a8f8'),
	(1, 11, '\x6326eaf40ff7632521a5e5369ddf09f87040aff9e3933d7870c8eb48fd59463d'),
	(2, 5, '\x454a9d24ff8b81f84fa949f2da35aa864af01d8686683a3d7d4e900f92614151'),
	(3, 2, '\x59c2a3d8af17682254faba95e2c2be2a1f50b8c408445a58fae42c1d3995a031'),
	(0, 24, '\xe317a99b51debb1d1649e746df94b90974219844c3fc692b078c1187bc266650'),
	(0, 25, '\x8717e8ccb5c3f7e7dcf5c0fb288bc1694d94157f7803750a86521f8414dcc875'),
	(1, 12, '\x765be1528051db7a1486793f0c12d0f096e7a0140bbcb5fe75e7977f8c76377f'),
	(0, 26, '\x33dfa65e31be8a00e2770902a45af7a9b69f951fa52d3f379f5c51c31e5edc7a'),
	(0, 27, '\x84db483576e258165dbbef50dff275ac060725f63b7e576f331bd49ee77aadac'),
	(1, 13, '\x72a6d06f162f9e4994bc15fac7f4c84e18df234a566679280b0715b7c94bb1e8'),
	(2, 6, '\xe719a23c36a25c32a8777600dc842d19d00fca212e8a7a83762777fc1c329570'),
	(0, 28, '\xa12f14813092a8c0c903347b363cd7ab4aa564da69598a7e321f3c4674b84517'),
	(0, 29, '\x46d8afd22b35a48390306813984c9e63775aded2f6531577ae83b12ced27147a'),
	(1, 14, '\xd8ba8e7f695d3d21cc52c3e3dae1acc826fbea9f6071f7ae3bcb6c4a5c6d19b5'),
	(0, 30, '\x8cc6f18ca70d5bf69b71a4e9610510ac174024439e644786d39de80bf7189090'),
	(0, 31, '\x6769a1f3b7c7bab512a4e51136fcf00d3d81757f67c272cf61ac7f4507db241a'),
	(1, 15, '\x3f4667ef7bcb0d1fd5841bb0284ded375fb09111724e9110984614a8092c21d8'),
	(2, 7, '\x67e728b99a1505b2b4bdcbd17d79197ad6873221d67eaba507065052586adf8a'),
	(3, 3, '\xaee8bfa8064debfff46a6c8b6c232d9bf360bf0dd63fe7c6d4d7329cf537a04d'),
	(4, 1, '\x1608e5f86133361a01fa511b4a98b34a6457cf6e8e616f4a809c6a91ec931453'),
	(5, 0, '\x93f8c3fdc1ddef17bd47b09a7cc1ec36c0b1230e7f8985b51d17e9afe38166d5'),
	(0, 32, '\xa33b7ca13856dcb28f943ea871ee5e579082035292f1800f867c58e088b2a21a'),
	(0, 33, '\x761a18775082382864447adf57603898114e5ddbcb2fecd813dc75a36369afc5'),
	(1, 16, '\x32ebf0bf40dc97681619aec137e5540ba8794ead966ea60cc254547f5ea5f667'),
	(0, 34, '\xd5d13703d4ec9218e92bfd664e3166b9017844f615a1db882e23718dd52affdf'),
	(0, 35, '\x6dbd4eca29c3f3eb15e631bf1abe973cb3a752a9608e122bff4dadcf812cb2be'),
	(1, 17, '\xb5dccf9a9a7440d9345fbf5e6567c17990f5079f837c1f9de72ec928dd5cf89b'),
	(2, 8, '\x0722222a7cceda727041119891235eba4a84588cf47f608899dc35eacca842ef'),
	(0, 36, '\x79e55ac6705ddcb6be8e263985c9bbae8e7be6da81e0c1e1988a63eccc0b238f'),
	(0, 37, '\x9beaa122cad519fd82375515c2efbcaaf675321215b803aef631b992e089460f'),
	(1, 18, '\x7e448a8ff8a9886d6aa110bf65480d2ebdbb46476abc669a65ff6919965dbc0c'),
	(0, 38, '\xc0727efc8550a7c0c5585d2af6ddae7ee024f8e16f2029bebbd8229b8e9061b5');
INSERT INTO "public"."authorisation_cells" VALUES
	('01a1fef7-dc37-73bb-837b-5bf5f362399f', '01a1fef7-dc2a-7495-b967-79333cd8732e', '[1,2)', '[5,6)', '[310000,320000)', '[0,1000000000)', '["2026-11-21 16:36:59.983854+00","2029-11-20 16:36:58.983854+00")'),
	('01a1fef7-dc37-73bb-837b-5bf693106842', '01a1fef7-dc2a-7495-b967-79333cd8732e', '[1,2)', '[2,3)', '[310000,320000)', '[0,1000000000)', '["2026-11-21 16:36:59.983854+00","2029-11-20 16:36:58.983854+00")');
INSERT INTO "public"."authorisation_resources" VALUES
	('01a1fef7-dc2a-7495-b967-79333cd8732e', '01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e', '01a1fef7-dbff-7354-b336-3482488dc6ae');
INSERT INTO "public"."authorisations" OVERRIDING SYSTEM VALUE VALUES
	('01a1fef7-dc2a-7495-b967-79333cd8732e', 1, '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'active', NULL, '{environmental_services,urban_governance}', '{310000}', '{industry,public_welfare}', '2026-11-21 16:36:59.983854+00', '2029-11-20 16:36:58.983854+00', true, 'revenue_share', 5500, 3500, 1000, '2026-11-21 16:36:59.03465+00', '01a1fef7-d482-71a9-b951-4523f6e95114', '2026-11-21 16:36:59.100284+00', '01a1fef7-d605-7312-9104-0ec494d2df5b', NULL, NULL, '[{"key": "authorisation.max_term_years", "version": 1}]');
INSERT INTO "public"."bank_documents" VALUES
	('\x7cbdb7329501ddbdd2e69083552a3c95399cc792a8e53a7c829d2212d538acdf', '\x3c3f786d6c2076657273696f6e3d27312e302720656e636f64696e673d275554462d38273f3e0a3c446f63756d656e7420786d6c6e733d2275726e3a69736f3a7374643a69736f3a32303032323a746563683a7873643a63616d742e3035332e3030312e3038223e3c426b546f4373746d7253746d743e3c4772704864723e3c4d736749643e44454d4f2d63363761383739633c2f4d736749643e3c4372654474546d3e323032362d31312d32315431363a33373a30332e3135343233352b30303a30303c2f4372654474546d3e3c2f4772704864723e3c53746d743e3c49643e44454d4f2d63363761383739633c2f49643e3c4372654474546d3e323032362d31312d32315431363a33373a30332e3135343233352b30303a30303c2f4372654474546d3e3c416363743e3c49643e3c4f7468723e3c49643e363232323030303030303030303030313c2f49643e3c2f4f7468723e3c2f49643e3c4363793e434e593c2f4363793e3c2f416363743e3c42616c3e3c54703e3c43644f7250727472793e3c43643e4f5042443c2f43643e3c2f43644f7250727472793e3c2f54703e3c416d74204363793d22434e59223e302e30303c2f416d743e3c436474446274496e643e435244543c2f436474446274496e643e3c44743e3c44743e323032362d31312d32313c2f44743e3c2f44743e3c2f42616c3e3c42616c3e3c54703e3c43644f7250727472793e3c43643e434c42443c2f43643e3c2f43644f7250727472793e3c2f54703e3c416d74204363793d22434e59223e34322e36393c2f416d743e3c436474446274496e643e435244543c2f436474446274496e643e3c44743e3c44743e323032362d31312d32313c2f44743e3c2f44743e3c2f42616c3e3c4e7472793e3c4e7472795265663e494e63363761383739633c2f4e7472795265663e3c416d74204363793d22434e59223e34322e36393c2f416d743e3c436474446274496e643e435244543c2f436474446274496e643e3c5374733e3c43643e424f4f4b3c2f43643e3c2f5374733e3c426f6f6b6744743e3c44743e323032362d31312d32313c2f44743e3c2f426f6f6b6744743e3c56616c44743e3c44743e323032362d31312d32313c2f44743e3c2f56616c44743e3c41636374537663725265663e494e63363761383739633c2f41636374537663725265663e3c426b547843643e3c50727472793e3c43643e5452414e534645523c2f43643e3c2f50727472793e3c2f426b547843643e3c4e74727944746c733e3c547844746c733e3c526566733e3c456e64546f456e6449643e4e4f5450524f56494445443c2f456e64546f456e6449643e3c2f526566733e3c526c746450746965733e3c446274723e3c5074793e3c4e6d3e44656d6f20456e7669726f6e6d656e74616c205365727669636573204c74643c2f4e6d3e3c2f5074793e3c2f446274723e3c2f526c746450746965733e3c526d74496e663e3c55737472643e5246323930303030313030303030303030313c2f55737472643e3c2f526d74496e663e3c2f547844746c733e3c2f4e74727944746c733e3c2f4e7472793e3c2f53746d743e3c2f426b546f4373746d7253746d743e3c2f446f63756d656e743e', '2026-11-21 16:37:03.161774+00', '01a1fef7-da90-75ca-9d8e-f8b754de89a7');
INSERT INTO "public"."bank_entries" VALUES
	('01a1fef7-ec43-7743-b59c-4f00998d162f', '01a1fef7-ec3f-7349-a2a0-e582e004af0f', 1, 'INc67a879c', 4269, 'CNY', '2026-11-21', '{NOTPROVIDED,RF2900001000000001}', 'Demo Environmental Services Ltd');
INSERT INTO "public"."bank_matches" VALUES
	('01a1fef7-ec43-7743-b59c-4f00998d162f', 'paid', '01a1fef7-ec05-73cd-9937-a496240c71a8', 'pays invoice 00001-000000001', '01a1fef7-ec4d-71a6-8c82-ba4006ea6cb1', '2026-11-21 16:37:03.161774+00');
INSERT INTO "public"."bank_statements" VALUES
	('01a1fef7-ec3f-7349-a2a0-e582e004af0f', '6222000000000001', 'DEMO-c67a879c', '\x366375998fef3db446ee946baed0644f28cbed743a719ef388354806ec1fc692', '\x7cbdb7329501ddbdd2e69083552a3c95399cc792a8e53a7c829d2212d538acdf', 'CNY', 0, 4269, NULL, NULL, '2026-11-21 16:37:03.161774+00', '01a1fef7-da90-75ca-9d8e-f8b754de89a7');
INSERT INTO "public"."clients" VALUES
	('01a1fef7-db50-7595-8882-867a7f26dab9', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'Buyer''s program', '{buyer}', '01a1fef7-d783-7129-b6e5-345b592816ad', '2026-11-21 16:36:58.832011+00', NULL);
INSERT INTO "public"."contract_reviews" VALUES
	('01a1fef7-ed8b-77c3-a5bd-84fa7508c7e0', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '01a1fef7-d8fc-737e-82cc-34948112e82f', 'Use is within the purpose', '2026-11-21 16:37:03.498765+00');
INSERT INTO "public"."data_products" VALUES
	('01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e', '01a1fef7-dc2a-7495-b967-79333cd8732e', 'published', '城市环境空气质量小时监测', 'Hourly urban air quality', '城市环境空气质量小时监测，按次按行计费，附质量报告。', 'Hourly urban air quality, charged per call and per row, with a quality report.', '{environment}', 'daily', 'records_api', '[]', '01a1fef7-e85f-7536-a8e4-8479a9d9ef88', '{a,ai,air,an,and,c,ca,cal,call,ch,cha,char,charg,charge,charged,e,en,env,envi,envir,enviro,environ,environm,environme,environmen,environment,h,ho,hou,hour,hourl,hourly,p,pe,per,q,qu,qua,qual,quali,qualit,quality,r,re,rep,repo,repor,report,ro,row,u,ur,urb,urba,urban,w,wi,wit,with,告,城,城市,境,境空,小,小时,市,市环,态,态环,报,报告,按,按次,按行,时,时监,次,次按,气,气质,测,环,环境,生,生态,监,监测,空,空气,行,行计,计,计费,质,质量,费,量,量小,量报,附,附质}', '2026-11-21 16:37:00.062688+00', '01a1fef7-d605-7312-9104-0ec494d2df5b', '2026-11-21 16:37:02.224552+00', '01a1fef7-d605-7312-9104-0ec494d2df5b', '2026-11-21 16:37:02.249251+00', '01a1fef7-d8fc-737e-82cc-34948112e82f', 'Rights, authorisation and quality seen', '2026-11-21 16:37:02.249251+00');
INSERT INTO "public"."data_resources" OVERRIDING SYSTEM VALUE VALUES
	('01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e', 1, '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '城市环境空气质量小时监测', 'Hourly urban air quality', '城市环境空气质量小时监测，由示范市数据局依法持有。', 'Hourly urban air quality, held by the Demo City Data Bureau by law.', 'environment', 'daily', 'GENERAL', false, NULL, NULL, '2026-11-21 16:36:58.952999+00', '01a1fef7-d482-71a9-b951-4523f6e95114');
INSERT INTO "public"."idempotency_keys" VALUES
	('01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-dbbf-7790-a461-c4b1fd0e1db9', '\x9759fb5eae33d1820b36727436e32acdcec8e5b6a4614ea7c9f593a79e0d5a2d', '{"id":"01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e","owner_id":"01a1fef7-d38e-7429-9bb9-ba0d5ae08da6","title_zh":"城市环境空气质量小时监测","title_en":"Hourly urban air quality","description_zh":"城市环境空气质量小时监测，由示范市数据局依法持有。","description_en":"Hourly urban air quality, held by the Demo City Data Bureau by law.","domain":"environment","domain_label":{"zh":"生态环境","en":"Environment"},"update_frequency":"daily","classification":"GENERAL","classification_label":{"zh":"一般数据","en":"general data"},"personal_information":false,"risk_assessment_sha256":null,"risk_assessment_note":null,"registered_at":"2026-11-21T16:36:58.952999Z"}', '2026-11-21 16:36:58.952999+00'),
	('01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-dbe7-7569-b1f6-25540365c11b', '\xcd7fcce274b9153312f43d49a4d90c43b642dbf82e4f1abd4372434aa8313e7e', '{"id":"01a1fef7-dbff-7354-b336-3482488dc6ae","resource_id":"01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e","holder_id":"01a1fef7-d38e-7429-9bb9-ba0d5ae08da6","kind":"HOLD","labels":{"zh_2022":"数据资源持有权","zh_2025":"数据持有权","en":"right to hold"},"basis":"statutory_duty","legal_basis":"Collected in the exercise of a statutory duty 依法履职采集","evidence_sha256":"ef048ac4bc4a0de9afbd28e559fedb8b579919696c5a2dc6c9c01a7df8026d2e","evidence_description":"Order that entrusts the bureau with the collection","valid_from":"2026-11-20T16:36:58.983854Z","valid_until":null,"recorded_at":"2026-11-21T16:36:58.995969Z"}', '2026-11-21 16:36:58.995969+00'),
	('01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-dc0e-75d9-b5cd-60cc59433ddc', '\x6d45d5ac9d7b6c1daa7e80ad4f13261350c4b97c33a6f6a0191b443b8a4c9d82', '{"id":"01a1fef7-dc2a-7495-b967-79333cd8732e","owner_id":"01a1fef7-d38e-7429-9bb9-ba0d5ae08da6","operator_id":"01a1fef7-d535-7091-9f1c-bbd165c9159f","state":"offered","resource_ids":["01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e"],"columns":null,"scenarios":[{"code":"environmental_services","label":{"zh":"生态环境服务","en":"environmental services"}},{"code":"urban_governance","label":{"zh":"城市治理","en":"urban governance"}}],"regions":["310000"],"purposes":["industry","public_welfare"],"valid_from":"2026-11-21T16:36:59.983854Z","valid_until":"2029-11-20T16:36:58.983854Z","exclusive":true,"consideration":"revenue_share","consideration_label":{"zh":"收益分成","en":"share of revenue"},"shares":{"owner":5500,"operator":3500,"platform":1000},"granted_at":"2026-11-21T16:36:59.034650Z","accepted_at":null,"ended_at":null,"reason":null}', '2026-11-21 16:36:59.03465+00'),
	('01a1fef7-d535-7091-9f1c-bbd165c9159f', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-e006-763b-adbf-1490a51586ae', '\x71ff0be2bfe5ebe61d82fd4017125aee5e4f1036a62b23901e0bea5b5a001dae', '{"id":"01a1fef7-e03e-7008-8b50-d57b56f1ac81","operator_id":"01a1fef7-d535-7091-9f1c-bbd165c9159f","owner_id":"01a1fef7-d38e-7429-9bb9-ba0d5ae08da6","resource_id":"01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e","authorisation_id":"01a1fef7-dc2a-7495-b967-79333cd8732e","state":"draft","title_zh":"城市环境空气质量小时监测","title_en":"Hourly urban air quality","description_zh":"城市环境空气质量小时监测，按次按行计费，附质量报告。","description_en":"Hourly urban air quality, charged per call and per row, with a quality report.","themes":[{"code":"environment","label":{"zh":"生态环境","en":"Environment"}}],"update_frequency":"daily","delivery_class":"records_api","dictionary":[],"plan_id":null,"created_at":"2026-11-21T16:37:00.062688Z","submitted_at":null,"reviewed_at":null,"review_note":null,"published_at":null}', '2026-11-21 16:37:00.062688+00'),
	('01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '01a1fef7-d783-7129-b6e5-345b592816ad', '01a1fef7-e8e6-7604-a160-697f3d971caf', '\xafa22413cc603aff51a1e0e866d03bffee66a3184157897e7f83f71cb9db655e', '{"id":"01a1fef7-e8f3-73f5-a41c-0725ba3d0773","state":"requested","product_id":"01a1fef7-e03e-7008-8b50-d57b56f1ac81","owner_id":"01a1fef7-d38e-7429-9bb9-ba0d5ae08da6","operator_id":"01a1fef7-d535-7091-9f1c-bbd165c9159f","buyer_id":"01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68","document":{"product_id":"01a1fef7-e03e-7008-8b50-d57b56f1ac81","resource_id":"01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e","right_id":"01a1fef7-dbff-7354-b336-3482488dc6ae","authorisation_id":"01a1fef7-dc2a-7495-b967-79333cd8732e","owner_id":"01a1fef7-d38e-7429-9bb9-ba0d5ae08da6","operator_id":"01a1fef7-d535-7091-9f1c-bbd165c9159f","buyer_id":"01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68","price_plan_id":"01a1fef7-e85f-7536-a8e4-8479a9d9ef88","title_zh":"城市环境空气质量小时监测","title_en":"Hourly urban air quality","columns":["station_id","station_name","station_name_en","observed_at","pm25","pm10","so2","no2","co","o3","aqi","temperature"],"purposes":["industry"],"purpose_statement":"Advice to industry on the siting of plants","valid_from":"2026-11-21T16:37:02.315691+00:00","valid_until":"2027-11-21T16:37:02.310856+00:00","quota_calls":null,"quota_rows":1750,"shares":{"owner":5500,"operator":3500,"platform":1000}},"digest":"a483cc78d76cabe8fe9d1fd6e70aa6b0d08db19e143a663a96aa59af80460149","signatures":[],"licence_id":null,"stopped":[],"requested_at":"2026-11-21T16:37:02.315691Z","finalized_at":null,"terminated_at":null}', '2026-11-21 16:37:02.315691+00'),
	('01a1fef7-d9b5-7657-800b-afa02c474dd4', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-ebf0-742c-b440-24233c81c1cf', '\x32ea73d368974c35ef221408716df25c02b53aac9f1a0dc63c9d5f866eb7b414', '{"id":"01a1fef7-ec19-76ba-bbe6-5d8146c5324a","agreement_id":"01a1fef7-e8f3-73f5-a41c-0725ba3d0773","period_no":1,"opened_at":"2026-11-21T16:37:02.357204Z","closed_at":"2026-11-21T16:37:03.103850Z","usage":[{"licence_id":"01a1fef7-e92b-70a7-827f-e13bccb88c0c","usage_period_no":1,"calls":21,"rows":1001,"by_purpose":{"industry":{"calls":21,"rows":1001}}}],"invoice_id":"01a1fef7-ec05-73cd-9937-a496240c71a8","invoice":{"id":"01a1fef7-ec05-73cd-9937-a496240c71a8","number":"00001-000000001","state":"issued","agreement_id":"01a1fef7-e8f3-73f5-a41c-0725ba3d0773","period_no":1,"operator_id":"01a1fef7-d535-7091-9f1c-bbd165c9159f","owner_id":"01a1fef7-d38e-7429-9bb9-ba0d5ae08da6","buyer_id":"01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68","total":{"amount":"42.69","currency":"CNY"},"payment_reference":"RF2900001000000001","issued_at":"2026-11-21T16:37:03.103850Z","due_at":"2026-12-21T16:37:03.103850Z","paid_at":null}}', '2026-11-21 16:37:03.093652+00'),
	('01a1fef7-d9b5-7657-800b-afa02c474dd4', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-ec32-7382-bf75-c8b1cfb8563c', '\x1cbdc0347b46b3f991c187fa066eaa46ad364268f96b8d38ba7afcbca19d251e', '{"statements":[{"statement":{"id":"01a1fef7-ec3f-7349-a2a0-e582e004af0f","account":"6222000000000001","statement_id":"DEMO-c67a879c","opening":{"amount":"0.00","currency":"CNY"},"closing":{"amount":"42.69","currency":"CNY"},"covers_from":null,"covers_to":null,"imported_at":"2026-11-21T16:37:03.161774Z","digest":"366375998fef3db446ee946baed0644f28cbed743a719ef388354806ec1fc692"},"created":true,"entries":1,"paid":1}]}', '2026-11-21 16:37:03.161774+00'),
	('01a1fef7-d9b5-7657-800b-afa02c474dd4', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-ec7b-7291-be33-75676fdc778f', '\xc3a213fb04df96e4db1c866edd919c4be552859b6332333fce630e5041c4e563', '{"id":"01a1fef7-eca8-740f-9821-0ad5ae30612f","run_at":"2026-11-21T16:37:03.231349Z","run_by":"01a1fef7-da90-75ca-9d8e-f8b754de89a7","clean":true,"statements":1,"statement_lines":1,"statement_lines_matched":1,"invoices":1,"invoices_open":0,"payments":1,"refunds":0,"card_payments":0,"journals":3,"postings":8,"accounts":6,"breaks":[]}', '2026-11-21 16:37:03.231349+00');
INSERT INTO "public"."identity_evidence" VALUES
	('01a1fef7-d3ac-71ad-9d8c-a9b727fe5215', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'institution_certificate', 'not a number', 'da96e6d078d7ba1e7d331658be1e9e09f5c90bbbd0d8537dd18523dc7fdf4bde', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:56.875217+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:56.897207+00'),
	('01a1fef7-d54b-742d-a07e-ac13f0d3d61e', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'business_licence', 'not a number', '71d0a5c1ea0482938ba578076879490208fea7535b8777f51a09b8c1070b3bfc', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.290652+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.307702+00'),
	('01a1fef7-d6d2-76bb-8c67-f388d9576cbc', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'business_licence', 'not a number', '56169548facda9825664670fd9acc3608488cca1153da5afaa932477892f3027', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.679385+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.695486+00'),
	('01a1fef7-d84a-7783-8f91-f2eb865d9f91', '01a1fef7-d837-77c0-8480-552c4c19e3b1', 'institution_certificate', 'not a number', '742b1fb39a165aa3333a77e0348a9fb7d8bdbbe53b39907d5ce1eaa24749cd0b', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.05567+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.076277+00'),
	('01a1fef7-d9cf-7588-937a-6950519c5de9', '01a1fef7-d9b5-7657-800b-afa02c474dd4', 'business_licence', 'not a number', 'cda15f4e7499d0b6db655a0b3bb5fbf26f1bed90111497f19d3960fe8a938bde', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.446607+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.461341+00');
INSERT INTO "public"."invitations" VALUES
	('01a1fef7-d3ec-7392-b358-381796fa55a1', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'owner-c67a879c@market.example', '{data_owner,organisation_admin}', '\xd0cdbaa4f8150d734050cbcfc666ffa1b80e1b75f2752113f6bd13e738876904', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:56.934698+00', '2026-11-28 16:36:56.934698+00', '2026-11-21 16:36:57.084617+00', '01a1fef7-d482-71a9-b951-4523f6e95114', NULL),
	('01a1fef7-d577-70b7-a15e-fac7822e4b55', '01a1fef7-d535-7091-9f1c-bbd165c9159f', 'operator-c67a879c@market.example', '{data_operator,organisation_admin}', '\x0a3bd7a23c09394a2caf43db623486d8b3acea51688135a9abccf30fd4cad319', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.328193+00', '2026-11-28 16:36:57.328193+00', '2026-11-21 16:36:57.473008+00', '01a1fef7-d605-7312-9104-0ec494d2df5b', NULL),
	('01a1fef7-d700-74e1-8311-610a491aed7b', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'buyer-c67a879c@market.example', '{buyer,organisation_admin}', '\xe96993eebc8b5e9227071d1f9a3bab6d66f3d77bfc2126868f9190afbf9ec016', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.722082+00', '2026-11-28 16:36:57.722082+00', '2026-11-21 16:36:57.858814+00', '01a1fef7-d783-7129-b6e5-345b592816ad', NULL),
	('01a1fef7-d87b-7402-a223-308511e78371', '01a1fef7-d837-77c0-8480-552c4c19e3b1', 'regulator-c67a879c@market.example', '{organisation_admin,regulator_officer}', '\xaa815876c82f43e705684d0328f518ce129c369df577410eeab19a58f3f3b76c', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.097096+00', '2026-11-28 16:36:58.097096+00', '2026-11-21 16:36:58.235579+00', '01a1fef7-d8fc-737e-82cc-34948112e82f', NULL),
	('01a1fef7-da01-7196-941f-6b7161f34a9b', '01a1fef7-d9b5-7657-800b-afa02c474dd4', 'finance-c67a879c@market.example', '{finance_officer,organisation_admin}', '\xbdb0c40fbcf6347fa9299040989878f52b2a24ad5ebe3399f4d591b1df0e436e', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.491659+00', '2026-11-28 16:36:58.491659+00', '2026-11-21 16:36:58.639624+00', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', NULL);
INSERT INTO "public"."invoice_lines" VALUES
	('01a1fef7-ec05-73cd-9937-a496240c71a8', 1, '01a1fef7-e92b-70a7-827f-e13bccb88c0c', 1, 'per_unit', 'calls', 21, 5, 0.50, 0.50, 8.00, 800, 'CNY', '01a1fef7-e85f-7536-a8e4-8479a9d9ef88', '21 calls, 5 within the free allowance; 16 at 0.50 CNY each: 8.00 CNY.', '21次调用，免费额度内5次，其余16次每次0.50 CNY，计8.00 CNY。'),
	('01a1fef7-ec05-73cd-9937-a496240c71a8', 2, '01a1fef7-e92b-70a7-827f-e13bccb88c0c', 1, 'per_unit', 'rows', 1001, 10, 0.035, 0.035, 34.685, 3469, 'CNY', '01a1fef7-e85f-7536-a8e4-8479a9d9ef88', '1,001 rows, 10 within the free allowance; 991 at 0.035 CNY each: 34.685 CNY, rounded half up to 34.69 CNY.', '1,001行数据，免费额度内10行，其余991行每行0.035 CNY，计34.685 CNY，四舍五入为34.69 CNY。');
INSERT INTO "public"."invoice_series" OVERRIDING SYSTEM VALUE VALUES
	('01a1fef7-d535-7091-9f1c-bbd165c9159f', 1, 1);
INSERT INTO "public"."invoices" VALUES
	('01a1fef7-ec05-73cd-9937-a496240c71a8', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', 1, '01a1fef7-d535-7091-9f1c-bbd165c9159f', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 1, '00001-000000001', 'RF2900001000000001', 'CNY', 4269, '2026-11-21 16:37:02.357204+00', '2026-11-21 16:37:03.10385+00', '2026-11-21 16:37:03.10385+00', '2026-12-21 16:37:03.10385+00', '01a1fef7-e85f-7536-a8e4-8479a9d9ef88', '[{"role": "owner", "share": "5500", "organisation_id": "01a1fef7-d38e-7429-9bb9-ba0d5ae08da6"}, {"role": "operator", "share": "3500", "organisation_id": "01a1fef7-d535-7091-9f1c-bbd165c9159f"}, {"role": "platform", "share": "1000", "organisation_id": null}]', '[{"key": "pricing.public_purposes_are_free", "version": 1}, {"key": "pricing.rounding", "version": 1}, {"key": "settlement.payment_term_days", "version": 1}]', '\xcf9f6d18f751a3c16f17140a140a2cfa9dd726916d07f7c21bfc96f977236ac7', 'paid', '2026-11-21 16:37:03.10385+00');
INSERT INTO "public"."ledger_accounts" VALUES
	('01a1fef7-ec0d-72e9-b39e-4489dfa59d44', 'clearing:01a1fef7-e8f3-73f5-a41c-0725ba3d0773:CNY', 'clearing', 'liability', 'credit', 'CNY', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', NULL),
	('01a1fef7-ec0d-72e9-b39e-448adb1a727d', 'receivable:01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68:CNY', 'receivable', 'asset', 'debit', 'CNY', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68'),
	('01a1fef7-ec4a-7073-bfed-b89892efba14', 'bank:6222000000000001:CNY', 'bank', 'asset', 'debit', 'CNY', '6222000000000001', NULL),
	('01a1fef7-ec4a-7073-bfed-b899a68e967d', 'commission:CNY', 'commission', 'revenue', 'credit', 'CNY', '', NULL),
	('01a1fef7-ec4a-7073-bfed-b89a33fa4f41', 'payable:01a1fef7-d38e-7429-9bb9-ba0d5ae08da6:CNY', 'payable', 'liability', 'credit', 'CNY', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6'),
	('01a1fef7-ec4a-7073-bfed-b89b0cb0ad95', 'payable:01a1fef7-d535-7091-9f1c-bbd165c9159f:CNY', 'payable', 'liability', 'credit', 'CNY', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '01a1fef7-d535-7091-9f1c-bbd165c9159f');
INSERT INTO "public"."ledger_journals" VALUES
	('01a1fef7-ec10-7670-8688-468247510126', 'invoice:01a1fef7-ec05-73cd-9937-a496240c71a8', '\x7ce64ef766890520728e993fe5ba1b4fcd4df40a6b491471b2ef831a361a6cca', '2026-11-21 16:37:03.10385+00', '2026-11-21 16:37:03.093652+00', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', 'Invoice 00001-000000001', 'invoice', '01a1fef7-ec05-73cd-9937-a496240c71a8', NULL, 2),
	('01a1fef7-ec4d-71a6-8c82-ba4006ea6cb1', 'payment:01a1fef7-ec05-73cd-9937-a496240c71a8', '\xa237466073120e9a88b993a52fa939b1daa6f80a7e3d9d5b81ac03b1d50d9073', '2026-11-21 16:37:03.10385+00', '2026-11-21 16:37:03.161774+00', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', 'Payment of invoice 00001-000000001', 'payment', '01a1fef7-ec05-73cd-9937-a496240c71a8', NULL, 2),
	('01a1fef7-ec4d-71a6-8c82-ba4149453a6c', 'split:01a1fef7-ec05-73cd-9937-a496240c71a8', '\x3cae3c1576e61b083cc4e5ac0b90a4ecc996d7df914858d4ed89f6aa40422b09', '2026-11-21 16:37:03.10385+00', '2026-11-21 16:37:03.161774+00', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', 'Split of invoice 00001-000000001', 'split', '01a1fef7-ec05-73cd-9937-a496240c71a8', NULL, 4);
INSERT INTO "public"."ledger_postings" VALUES
	('01a1fef7-ec10-7670-8688-468247510126', 1, '01a1fef7-ec0d-72e9-b39e-448adb1a727d', 4269, 'CNY', '2026-11-21 16:37:03.10385+00'),
	('01a1fef7-ec10-7670-8688-468247510126', 2, '01a1fef7-ec0d-72e9-b39e-4489dfa59d44', -4269, 'CNY', '2026-11-21 16:37:03.10385+00'),
	('01a1fef7-ec4d-71a6-8c82-ba4006ea6cb1', 1, '01a1fef7-ec4a-7073-bfed-b89892efba14', 4269, 'CNY', '2026-11-21 16:37:03.10385+00'),
	('01a1fef7-ec4d-71a6-8c82-ba4006ea6cb1', 2, '01a1fef7-ec0d-72e9-b39e-448adb1a727d', -4269, 'CNY', '2026-11-21 16:37:03.10385+00'),
	('01a1fef7-ec4d-71a6-8c82-ba4149453a6c', 1, '01a1fef7-ec0d-72e9-b39e-4489dfa59d44', 4269, 'CNY', '2026-11-21 16:37:03.10385+00'),
	('01a1fef7-ec4d-71a6-8c82-ba4149453a6c', 2, '01a1fef7-ec4a-7073-bfed-b89a33fa4f41', -2348, 'CNY', '2026-11-21 16:37:03.10385+00'),
	('01a1fef7-ec4d-71a6-8c82-ba4149453a6c', 3, '01a1fef7-ec4a-7073-bfed-b89b0cb0ad95', -1494, 'CNY', '2026-11-21 16:37:03.10385+00'),
	('01a1fef7-ec4d-71a6-8c82-ba4149453a6c', 4, '01a1fef7-ec4a-7073-bfed-b899a68e967d', -427, 'CNY', '2026-11-21 16:37:03.10385+00');
INSERT INTO "public"."licence_counters" VALUES
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f292-772b-b80b-b82d672132de', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '{01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e,01a1fef7-e03e-7008-8b50-d57b56f1ac81,01a1fef7-f292-772b-b80b-b82d672132de,01a1fef7-f292-772b-b80b-b82e2c98010b,01a1fef7-f292-772b-b80b-b82f4fc31e77,01a1fef7-f292-772b-b80b-b83061772231,01a1fef7-f292-772b-b80b-b831d3970e12}', '2026-11-21 15:37:04.782082+00', '2026-11-22 16:37:04.782082+00', 50, NULL, 24, 84, 3, 8, 28, '2026-11-21 16:37:04.931598+00'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '{01a1fef7-d38e-7429-9bb9-ba0d5ae08da6,01a1fef7-d535-7091-9f1c-bbd165c9159f,01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68,01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e,01a1fef7-dbff-7354-b336-3482488dc6ae,01a1fef7-dc2a-7495-b967-79333cd8732e,01a1fef7-e03e-7008-8b50-d57b56f1ac81,01a1fef7-e8f3-73f5-a41c-0725ba3d0773}', '2026-11-21 16:37:02.315691+00', '2027-11-21 16:37:02.310856+00', NULL, 1750, 23, 1003, 2, 2, 2, '2026-11-21 16:37:03.10385+00'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f2cf-776d-a5fd-f7cdc2e95e38', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '{01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e,01a1fef7-e03e-7008-8b50-d57b56f1ac81,01a1fef7-f2cf-776d-a5fd-f7cdc2e95e38,01a1fef7-f2cf-776d-a5fd-f7ce4658db3c,01a1fef7-f2cf-776d-a5fd-f7cf2ff4b49b,01a1fef7-f2cf-776d-a5fd-f7d0733c95de,01a1fef7-f2cf-776d-a5fd-f7d104f1a377}', '2026-11-21 15:37:04.782082+00', '2026-11-22 16:37:04.782082+00', 50, NULL, 24, 108, 3, 8, 36, '2026-11-21 16:37:04.932088+00');
INSERT INTO "public"."licence_tokens" VALUES
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-e9d3-7160-bad0-5d4bb093099a', '01a1fef7-db50-7595-8882-867a7f26dab9', '2026-11-21 16:37:02.536199+00', '2026-11-22 16:37:02.536199+00');
INSERT INTO "public"."licences" VALUES
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', 'a483cc78d76cabe8fe9d1fd6e70aa6b0d08db19e143a663a96aa59af80460149', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '{station_id,station_name,station_name_en,observed_at,pm25,pm10,so2,no2,co,o3,aqi,temperature}', '{industry}', '2026-11-21 16:37:02.315691+00', '2027-11-21 16:37:02.310856+00', NULL, 1750, '2026-11-21 16:37:02.357204+00');
INSERT INTO "public"."memberships" VALUES
	('01a1fef7-c0f3-71c9-8c63-d921c7ffa559', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '01a1fef7-c09f-70b0-90ce-94cab3cc457f', '{organisation_admin,platform_admin}', '2026-11-21 16:36:51.976266+00'),
	('01a1fef7-d484-7112-81b6-1167426f1b89', '01a1fef7-d482-71a9-b951-4523f6e95114', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', '{data_owner,organisation_admin}', '2026-11-21 16:36:57.084617+00'),
	('01a1fef7-d606-71a5-9e42-3c502e531b8a', '01a1fef7-d605-7312-9104-0ec494d2df5b', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '{data_operator,organisation_admin}', '2026-11-21 16:36:57.473008+00'),
	('01a1fef7-d785-7564-820f-3d1a7c34391c', '01a1fef7-d783-7129-b6e5-345b592816ad', '01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', '{buyer,organisation_admin}', '2026-11-21 16:36:57.858814+00'),
	('01a1fef7-d903-73d2-9346-863682d551a4', '01a1fef7-d8fc-737e-82cc-34948112e82f', '01a1fef7-d837-77c0-8480-552c4c19e3b1', '{organisation_admin,regulator_officer}', '2026-11-21 16:36:58.235579+00'),
	('01a1fef7-da91-7184-a94b-caedea37ba15', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '01a1fef7-d9b5-7657-800b-afa02c474dd4', '{finance_officer,organisation_admin}', '2026-11-21 16:36:58.639624+00');
INSERT INTO "public"."organisations" VALUES
	('01a1fef7-c09f-70b0-90ce-94cab3cc457f', 'platform', '数据资产市场平台', 'Data-asset market platform', NULL, 'verified', 'Runs the market', '00000000-0000-0000-0000-000000000000', '2026-11-21 16:36:51.976266+00', '00000000-0000-0000-0000-000000000000', '2026-11-21 16:36:51.976266+00'),
	('01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'owner', '示范市数据局', 'Demo City Data Bureau', '11310000DEMANNAEP8', 'verified', 'Certificate seen and on file', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:56.844043+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:56.897207+00'),
	('01a1fef7-d535-7091-9f1c-bbd165c9159f', 'operator', '示范市公共数据运营有限公司', 'Demo City Public Data Operations Ltd', '91310000DEMABU14FQ', 'verified', 'Certificate seen and on file', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.268997+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.307702+00'),
	('01a1fef7-d6bf-73b4-9a4e-61cc5e3fda68', 'buyer', '示范环境服务有限公司', 'Demo Environmental Services Ltd', '91310000DEMAFB6PG7', 'verified', 'Certificate seen and on file', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.663153+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:57.695486+00'),
	('01a1fef7-d837-77c0-8480-552c4c19e3b1', 'regulator', '示范市数据交易监管处', 'Demo City Data Market Regulator', '11310000DEMAUAPK39', 'verified', 'Certificate seen and on file', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.039377+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.076277+00'),
	('01a1fef7-d9b5-7657-800b-afa02c474dd4', 'platform', '示范数据交易平台财务部', 'Demo Market Platform, Finance', '91310000DEMAPBQH3W', 'verified', 'Certificate seen and on file', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.421644+00', '01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', '2026-11-21 16:36:58.461341+00');
INSERT INTO "public"."payments" VALUES
	('01a1fef7-ec52-72b6-b0ef-cf0ff2db5052', '01a1fef7-ec05-73cd-9937-a496240c71a8', 'bank', '01a1fef7-ec43-7743-b59c-4f00998d162f', 4269, 'CNY', '2026-11-21 16:37:03.10385+00', '01a1fef7-ec4d-71a6-8c82-ba4006ea6cb1', '01a1fef7-ec4d-71a6-8c82-ba4149453a6c', '2026-11-21 16:37:03.161774+00');
INSERT INTO "public"."people" VALUES
	('01a1fef7-c0e5-7479-b5dc-60ed4fa2d717', 'admin@market.example', 'Platform administrator', 'not a hash', '2026-11-21 16:36:51.976266+00', '2026-11-21 16:36:51.976266+00'),
	('01a1fef7-d482-71a9-b951-4523f6e95114', 'owner-c67a879c@market.example', 'Data manager', 'not a hash', '2026-11-21 16:36:57.084617+00', '2026-11-21 16:36:57.084617+00'),
	('01a1fef7-d605-7312-9104-0ec494d2df5b', 'operator-c67a879c@market.example', 'Product manager', 'not a hash', '2026-11-21 16:36:57.473008+00', '2026-11-21 16:36:57.473008+00'),
	('01a1fef7-d783-7129-b6e5-345b592816ad', 'buyer-c67a879c@market.example', 'Data buyer', 'not a hash', '2026-11-21 16:36:57.858814+00', '2026-11-21 16:36:57.858814+00'),
	('01a1fef7-d8fc-737e-82cc-34948112e82f', 'regulator-c67a879c@market.example', 'Supervisor', 'not a hash', '2026-11-21 16:36:58.235579+00', '2026-11-21 16:36:58.235579+00'),
	('01a1fef7-da90-75ca-9d8e-f8b754de89a7', 'finance-c67a879c@market.example', 'Finance officer', 'not a hash', '2026-11-21 16:36:58.639624+00', '2026-11-21 16:36:58.639624+00');
INSERT INTO "public"."period_closes" VALUES
	('01a1fef7-ec19-76ba-bbe6-5d8146c5324a', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', 1, '2026-11-21 16:37:02.357204+00', '2026-11-21 16:37:03.10385+00', '[{"rows": 1001, "calls": 21, "by_purpose": {"industry": {"rows": 1001, "calls": 21}}, "licence_id": "01a1fef7-e92b-70a7-827f-e13bccb88c0c", "usage_period_no": 1}]', '01a1fef7-ec05-73cd-9937-a496240c71a8', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', '2026-11-21 16:37:03.093652+00');
INSERT INTO "public"."pgqueuer_schedules" VALUES
	(2, '17 * * * *', 'identity.sweep', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-21 17:17:00+00', NULL, 'queued'),
	(3, '17 3 * * *', 'listings.sweep', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-22 03:17:00+00', NULL, 'queued'),
	(4, '17 2 * * *', 'metering.partitions', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-22 02:17:00+00', NULL, 'queued'),
	(5, '47 3 * * *', 'metering.invariants', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-22 03:47:00+00', NULL, 'queued'),
	(6, '*/5 * * * *', 'cards.sweep', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:40:00+00', NULL, 'queued'),
	(1, '* * * * *', 'audit.seal', '2026-11-21 16:37:01.022293+00', '2026-11-21 16:36:54.709387+00', '2026-11-21 16:37:01.122645+00', '2026-11-21 16:38:00+00', '2026-11-21 16:37:01.122645+00', 'queued');
INSERT INTO "public"."price_plans" VALUES
	('01a1fef7-e85f-7536-a8e4-8479a9d9ef88', '01a1fef7-d535-7091-9f1c-bbd165c9159f', '按次按行计费', 'Per call and per row', 'CNY', '[{"model": "per_unit", "metric": "calls", "allowance": 5, "unit_price": "0.50"}, {"model": "per_unit", "metric": "rows", "allowance": 10, "unit_price": "0.035"}]', NULL, '01a1fef7-d605-7312-9104-0ec494d2df5b', '2026-11-21 16:37:02.174368+00');
INSERT INTO "public"."product_revisions" VALUES
	('01a1fef7-e48c-7537-b0ab-26b8541634b7', '01a1fef7-e03e-7008-8b50-d57b56f1ac81', 1, 'revisions/01a1fef7-e48c-7537-b0ab-26b8541634b7.parquet', 'a636e667cfe7d5d1ff0da53ae7b4c0b7cd469dfda6bbc6a5e7375911f996507f', 198540, 17281, '[{"kind": "text", "name": "station_id", "zone": null, "nullable": false, "physical": "VARCHAR", "original_name": "station_id"}, {"kind": "text", "name": "station_name", "zone": null, "nullable": false, "physical": "VARCHAR", "original_name": "station_name"}, {"kind": "text", "name": "station_name_en", "zone": null, "nullable": false, "physical": "VARCHAR", "original_name": "station_name_en"}, {"kind": "timestamp", "name": "observed_at", "zone": "UTC", "nullable": false, "physical": "TIMESTAMP", "original_name": "observed_at"}, {"kind": "decimal", "name": "pm25", "zone": null, "nullable": true, "physical": "DECIMAL(4,1)", "original_name": "pm25"}, {"kind": "decimal", "name": "pm10", "zone": null, "nullable": true, "physical": "DECIMAL(5,1)", "original_name": "pm10"}, {"kind": "decimal", "name": "so2", "zone": null, "nullable": true, "physical": "DECIMAL(3,1)", "original_name": "so2"}, {"kind": "decimal", "name": "no2", "zone": null, "nullable": true, "physical": "DECIMAL(3,1)", "original_name": "no2"}, {"kind": "decimal", "name": "co", "zone": null, "nullable": true, "physical": "DECIMAL(2,1)", "original_name": "co"}, {"kind": "decimal", "name": "o3", "zone": null, "nullable": true, "physical": "DECIMAL(4,1)", "original_name": "o3"}, {"kind": "integer", "name": "aqi", "zone": null, "nullable": false, "physical": "BIGINT", "original_name": "aqi"}, {"kind": "decimal", "name": "temperature", "zone": null, "nullable": false, "physical": "DECIMAL(3,1)", "original_name": "temperature"}, {"kind": "integer", "name": "humidity", "zone": null, "nullable": false, "physical": "BIGINT", "original_name": "humidity"}]', '{"columns": [{"name": "station_id", "nulls": 0, "shape": null, "values": ["S001", "S002", "S003", "S004", "S005", "S006", "S007", "S008", "S009", "S010", "S011", "S012"], "maximum": null, "minimum": null, "distinct": 12, "increasing": null, "length_max": 4, "length_min": 4, "distinct_exact": true}, {"name": "station_name", "nulls": 0, "shape": null, "values": ["东湖公园", "中心广场", "体育中心", "北河工业园", "南站枢纽", "大学城", "机场路", "港口新区", "湿地保护区", "科技园", "老城厢", "西山林场"], "maximum": null, "minimum": null, "distinct": 12, "increasing": null, "length_max": 5, "length_min": 3, "distinct_exact": true}, {"name": "station_name_en", "nulls": 0, "shape": null, "values": ["Airport Road", "Central Square", "East Lake Park", "Harbour District", "North River Industrial Park", "Old Town", "Science Park", "South Station", "Sports Centre", "University Town", "West Hill Forest", "Wetland Reserve"], "maximum": null, "minimum": null, "distinct": 12, "increasing": null, "length_max": 27, "length_min": 8, "distinct_exact": true}, {"name": "observed_at", "nulls": 0, "shape": null, "values": [], "maximum": "2026-10-30 15:00:00", "minimum": "2026-08-31 16:00:00", "distinct": 1440, "increasing": true, "length_max": null, "length_min": null, "distinct_exact": true}, {"name": "pm25", "nulls": 67, "shape": null, "values": [], "maximum": "198.5", "minimum": "-3.0", "distinct": 1219, "increasing": null, "length_max": null, "length_min": null, "distinct_exact": true}, {"name": "pm10", "nulls": 86, "shape": null, "values": [], "maximum": "9999.0", "minimum": "5.8", "distinct": 1768, "increasing": null, "length_max": null, "length_min": null, "distinct_exact": true}, {"name": "so2", "nulls": 66, "shape": null, "values": [], "maximum": "15.8", "minimum": "2.0", "distinct": 131, "increasing": null, "length_max": null, "length_min": null, "distinct_exact": true}, {"name": "no2", "nulls": 66, "shape": null, "values": [], "maximum": "79.4", "minimum": "3.0", "distinct": 706, "increasing": null, "length_max": null, "length_min": null, "distinct_exact": true}, {"name": "co", "nulls": 74, "shape": null, "values": [], "maximum": "1.1", "minimum": "0.2", "distinct": 10, "increasing": null, "length_max": null, "length_min": null, "distinct_exact": true}, {"name": "o3", "nulls": 77, "shape": null, "values": [], "maximum": "242.1", "minimum": "14.9", "distinct": 1863, "increasing": null, "length_max": null, "length_min": null, "distinct_exact": true}, {"name": "aqi", "nulls": 0, "shape": null, "values": [], "maximum": "248", "minimum": "5", "distinct": 218, "increasing": null, "length_max": null, "length_min": null, "distinct_exact": true}, {"name": "temperature", "nulls": 0, "shape": null, "values": [], "maximum": "30.9", "minimum": "8.1", "distinct": 224, "increasing": null, "length_max": null, "length_min": null, "distinct_exact": true}, {"name": "humidity", "nulls": 0, "shape": null, "values": [], "maximum": "98", "minimum": "40", "distinct": 57, "increasing": null, "length_max": null, "length_min": null, "distinct_exact": true}], "notices": [], "encoding": "utf-8", "delimiter": ","}', '[{"co": "0.3", "o3": "42.5", "aqi": 36, "no2": "18.0", "so2": "9.9", "pm10": "43.1", "pm25": "25.5", "humidity": 69, "station_id": "S001", "observed_at": "2026-08-31T16:00:00", "temperature": "20.1", "station_name": "中心广场", "station_name_en": "Central Square"}, {"co": "0.3", "o3": "46.3", "aqi": 27, "no2": "5.9", "so2": "5.2", "pm10": "32.6", "pm25": null, "humidity": 69, "station_id": "S002", "observed_at": "2026-08-31T16:00:00", "temperature": "21.3", "station_name": "东湖公园", "station_name_en": "East Lake Park"}, {"co": "0.3", "o3": "43.2", "aqi": 21, "no2": "15.8", "so2": "2.9", "pm10": "20.2", "pm25": "14.9", "humidity": 70, "station_id": "S003", "observed_at": "2026-08-31T16:00:00", "temperature": "20.2", "station_name": "西山林场", "station_name_en": "West Hill Forest"}, {"co": "0.4", "o3": "35.9", "aqi": 25, "no2": "19.0", "so2": "7.4", "pm10": "30.9", "pm25": "17.8", "humidity": 73, "station_id": "S004", "observed_at": "2026-08-31T16:00:00", "temperature": "21.1", "station_name": "南站枢纽", "station_name_en": "South Station"}, {"co": "0.3", "o3": "39.2", "aqi": 41, "no2": "19.5", "so2": "9.1", "pm10": "48.4", "pm25": "28.4", "humidity": 61, "station_id": "S005", "observed_at": "2026-08-31T16:00:00", "temperature": "19.7", "station_name": "北河工业园", "station_name_en": "North River Industrial Park"}, {"co": "0.2", "o3": "32.2", "aqi": 37, "no2": "13.0", "so2": "6.6", "pm10": "42.3", "pm25": "26.0", "humidity": 72, "station_id": "S006", "observed_at": "2026-08-31T16:00:00", "temperature": "19.5", "station_name": "大学城", "station_name_en": "University Town"}, {"co": "0.5", "o3": "41.2", "aqi": 34, "no2": "16.5", "so2": "9.9", "pm10": "35.8", "pm25": "24.0", "humidity": 70, "station_id": "S007", "observed_at": "2026-08-31T16:00:00", "temperature": "21.3", "station_name": "港口新区", "station_name_en": "Harbour District"}, {"co": "0.4", "o3": "38.0", "aqi": 40, "no2": "13.8", "so2": "10.7", "pm10": "39.5", "pm25": "27.7", "humidity": 68, "station_id": "S008", "observed_at": "2026-08-31T16:00:00", "temperature": "21.5", "station_name": "机场路", "station_name_en": "Airport Road"}, {"co": "0.4", "o3": "46.1", "aqi": 27, "no2": "9.5", "so2": "8.1", "pm10": "33.9", "pm25": "18.8", "humidity": 65, "station_id": "S009", "observed_at": "2026-08-31T16:00:00", "temperature": "19.8", "station_name": "老城厢", "station_name_en": "Old Town"}, {"co": "0.4", "o3": "49.7", "aqi": 25, "no2": "14.1", "so2": "10.0", "pm10": "28.4", "pm25": "17.8", "humidity": 65, "station_id": "S010", "observed_at": "2026-08-31T16:00:00", "temperature": "19.8", "station_name": "科技园", "station_name_en": "Science Park"}, {"co": "0.4", "o3": "35.4", "aqi": 13, "no2": "3.0", "so2": "5.7", "pm10": "13.0", "pm25": "9.1", "humidity": 61, "station_id": "S011", "observed_at": "2026-08-31T16:00:00", "temperature": "20.7", "station_name": "湿地保护区", "station_name_en": "Wetland Reserve"}, {"co": "0.4", "o3": "39.4", "aqi": 36, "no2": "13.2", "so2": "9.0", "pm10": "42.6", "pm25": "25.2", "humidity": 56, "station_id": "S012", "observed_at": "2026-08-31T16:00:00", "temperature": "20.1", "station_name": "体育中心", "station_name_en": "Sports Centre"}, {"co": "0.3", "o3": "38.1", "aqi": 31, "no2": "16.5", "so2": "8.0", "pm10": "31.2", "pm25": "21.8", "humidity": 62, "station_id": "S001", "observed_at": "2026-08-31T17:00:00", "temperature": "18.3", "station_name": "中心广场", "station_name_en": "Central Square"}, {"co": "0.4", "o3": "25.6", "aqi": 29, "no2": "9.5", "so2": "4.7", "pm10": "28.1", "pm25": "20.3", "humidity": 67, "station_id": "S002", "observed_at": "2026-08-31T17:00:00", "temperature": "19.6", "station_name": "东湖公园", "station_name_en": "East Lake Park"}, {"co": "0.4", "o3": "51.2", "aqi": 22, "no2": "4.1", "so2": "4.5", "pm10": "25.9", "pm25": "15.6", "humidity": 59, "station_id": "S003", "observed_at": "2026-08-31T17:00:00", "temperature": "19.5", "station_name": "西山林场", "station_name_en": "West Hill Forest"}, {"co": "0.3", "o3": "33.9", "aqi": 33, "no2": "17.0", "so2": "6.4", "pm10": "40.5", "pm25": "22.8", "humidity": 59, "station_id": "S004", "observed_at": "2026-08-31T17:00:00", "temperature": "20.9", "station_name": "南站枢纽", "station_name_en": "South Station"}, {"co": "0.3", "o3": "42.4", "aqi": 67, "no2": "28.2", "so2": "10.5", "pm10": "73.8", "pm25": "48.8", "humidity": 68, "station_id": "S005", "observed_at": "2026-08-31T17:00:00", "temperature": "19.4", "station_name": "北河工业园", "station_name_en": "North River Industrial Park"}, {"co": "0.4", "o3": "41.7", "aqi": 25, "no2": "14.3", "so2": "5.5", "pm10": "26.9", "pm25": "17.7", "humidity": 77, "station_id": "S006", "observed_at": "2026-08-31T17:00:00", "temperature": "18.4", "station_name": "大学城", "station_name_en": "University Town"}, {"co": "0.3", "o3": "37.2", "aqi": 32, "no2": "22.2", "so2": "9.7", "pm10": "33.0", "pm25": "22.1", "humidity": 58, "station_id": "S007", "observed_at": "2026-08-31T17:00:00", "temperature": "21.8", "station_name": "港口新区", "station_name_en": "Harbour District"}, {"co": "0.2", "o3": "20.8", "aqi": 32, "no2": "20.1", "so2": "7.8", "pm10": null, "pm25": "22.7", "humidity": 76, "station_id": "S008", "observed_at": "2026-08-31T17:00:00", "temperature": "19.9", "station_name": "机场路", "station_name_en": "Airport Road"}]', 'air-quality.csv', 'csv', '8d5383dd7e7c94ac7000326c895db280ea6e521c0e07459ca12a6a123f7f54ef', 1701268, '2026-11-21 16:37:01.227711+00', '01a1fef7-d482-71a9-b951-4523f6e95114');
INSERT INTO "public"."quality_reports" VALUES
	('01a1fef7-e7bf-7104-88e6-9e44cc016c26', '01a1fef7-e4c8-7047-b5be-878a99cf2d31', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 'passed', 0.999507, 'A', '[{"value": "1.000000", "dimension": "conformity", "evaluated": 51844, "satisfied": 51844}, {"value": "0.998059", "dimension": "completeness", "evaluated": 224653, "satisfied": 224217}, {"value": "0.999976", "dimension": "accuracy", "evaluated": 172374, "satisfied": 172370}, {"value": "1.000000", "dimension": "consistency", "evaluated": 17128, "satisfied": 17128}, {"value": null, "dimension": "timeliness", "evaluated": 0, "satisfied": 0}, {"value": null, "dimension": "accessibility", "evaluated": 0, "satisfied": 0}]', '[{"type": "row_count", "error": null, "counts": "table", "scored": true, "status": "passed", "columns": [], "examples": [], "severity": "blocking", "arguments": {"minimum": "1"}, "dimension": "conformity", "evaluated": 1, "satisfied": 1, "sentence_en": "There are at least 1 rows: so it is", "sentence_zh": "至少 1 行：符合", "allowed_share": "0"}, {"type": "unique_together", "error": null, "counts": "rows", "scored": true, "status": "failed", "columns": ["station_id", "observed_at"], "examples": [{"row": 3605, "value": "S***, 2026-09-13 04:00:00"}, {"row": 3606, "value": "S***, 2026-09-13 04:00:00"}], "severity": "warning", "arguments": {}, "dimension": "accuracy", "evaluated": 17281, "satisfied": 17279, "sentence_en": "station_id, observed_at together are not repeated: not true of 2 of 17,281 rows", "sentence_zh": "station_id、observed_at 的组合不重复：17,281 行中有 2 行不符合", "allowed_share": "0"}, {"type": "not_less", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["pm10", "pm25"], "examples": [], "severity": "warning", "arguments": {}, "dimension": "consistency", "evaluated": 17128, "satisfied": 17128, "sentence_en": "pm10 is not less than pm25: true of all 17,128 rows", "sentence_zh": "pm10 不小于 pm25：全部 17,128 行符合", "allowed_share": "0"}, {"type": "in_set", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["station_id"], "examples": [], "severity": "warning", "arguments": {"values": ["S001", "S002", "S003", "S004", "S005", "S006", "S007", "S008", "S009", "S010", "S011", "S012"]}, "dimension": "conformity", "evaluated": 17281, "satisfied": 17281, "sentence_en": "station_id is one of 12 known values: true of all 17,281 rows", "sentence_zh": "station_id 取自 12 个已知值：全部 17,281 行符合", "allowed_share": "0"}, {"type": "in_set", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["station_name"], "examples": [], "severity": "warning", "arguments": {"values": ["东湖公园", "中心广场", "体育中心", "北河工业园", "南站枢纽", "大学城", "机场路", "港口新区", "湿地保护区", "科技园", "老城厢", "西山林场"]}, "dimension": "conformity", "evaluated": 17281, "satisfied": 17281, "sentence_en": "station_name is one of 12 known values: true of all 17,281 rows", "sentence_zh": "station_name 取自 12 个已知值：全部 17,281 行符合", "allowed_share": "0"}, {"type": "in_set", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["station_name_en"], "examples": [], "severity": "warning", "arguments": {"values": ["Airport Road", "Central Square", "East Lake Park", "Harbour District", "North River Industrial Park", "Old Town", "Science Park", "South Station", "Sports Centre", "University Town", "West Hill Forest", "Wetland Reserve"]}, "dimension": "conformity", "evaluated": 17281, "satisfied": 17281, "sentence_en": "station_name_en is one of 12 known values: true of all 17,281 rows", "sentence_zh": "station_name_en 取自 12 个已知值：全部 17,281 行符合", "allowed_share": "0"}, {"type": "increasing", "error": null, "counts": "rows", "scored": false, "status": "passed", "columns": ["observed_at"], "examples": [], "severity": "warning", "arguments": {}, "dimension": "timeliness", "evaluated": 17281, "satisfied": 17281, "sentence_en": "observed_at never falls from row to row: true of all 17,281 rows", "sentence_zh": "observed_at 按顺序排列：全部 17,281 行符合", "allowed_share": "0"}, {"type": "between", "error": null, "counts": "rows", "scored": true, "status": "failed", "columns": ["pm25"], "examples": [{"row": 8404, "value": "-3.0"}], "severity": "warning", "arguments": {"maximum": "1000", "minimum": "0"}, "dimension": "accuracy", "evaluated": 17214, "satisfied": 17213, "sentence_en": "pm25 lies between 0 and 1000: not true of 1 of 17,214 rows", "sentence_zh": "pm25 在 0 与 1000 之间：17,214 行中有 1 行不符合", "allowed_share": "0"}, {"type": "between", "error": null, "counts": "rows", "scored": true, "status": "failed", "columns": ["pm10"], "examples": [{"row": 10809, "value": "9999.0"}], "severity": "warning", "arguments": {"maximum": "1000", "minimum": "0"}, "dimension": "accuracy", "evaluated": 17195, "satisfied": 17194, "sentence_en": "pm10 lies between 0 and 1000: not true of 1 of 17,195 rows", "sentence_zh": "pm10 在 0 与 1000 之间：17,195 行中有 1 行不符合", "allowed_share": "0"}, {"type": "between", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["so2"], "examples": [], "severity": "warning", "arguments": {"maximum": "2000", "minimum": "0"}, "dimension": "accuracy", "evaluated": 17215, "satisfied": 17215, "sentence_en": "so2 lies between 0 and 2000: true of all 17,215 rows", "sentence_zh": "so2 在 0 与 2000 之间：全部 17,215 行符合", "allowed_share": "0"}, {"type": "between", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["no2"], "examples": [], "severity": "warning", "arguments": {"maximum": "2000", "minimum": "0"}, "dimension": "accuracy", "evaluated": 17215, "satisfied": 17215, "sentence_en": "no2 lies between 0 and 2000: true of all 17,215 rows", "sentence_zh": "no2 在 0 与 2000 之间：全部 17,215 行符合", "allowed_share": "0"}, {"type": "between", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["co"], "examples": [], "severity": "warning", "arguments": {"maximum": "150", "minimum": "0"}, "dimension": "accuracy", "evaluated": 17207, "satisfied": 17207, "sentence_en": "co lies between 0 and 150: true of all 17,207 rows", "sentence_zh": "co 在 0 与 150 之间：全部 17,207 行符合", "allowed_share": "0"}, {"type": "between", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["o3"], "examples": [], "severity": "warning", "arguments": {"maximum": "2000", "minimum": "0"}, "dimension": "accuracy", "evaluated": 17204, "satisfied": 17204, "sentence_en": "o3 lies between 0 and 2000: true of all 17,204 rows", "sentence_zh": "o3 在 0 与 2000 之间：全部 17,204 行符合", "allowed_share": "0"}, {"type": "between", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["aqi"], "examples": [], "severity": "warning", "arguments": {"maximum": "500", "minimum": "0"}, "dimension": "accuracy", "evaluated": 17281, "satisfied": 17281, "sentence_en": "aqi lies between 0 and 500: true of all 17,281 rows", "sentence_zh": "aqi 在 0 与 500 之间：全部 17,281 行符合", "allowed_share": "0"}, {"type": "between", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["temperature"], "examples": [], "severity": "warning", "arguments": {"maximum": "140", "minimum": "-90"}, "dimension": "accuracy", "evaluated": 17281, "satisfied": 17281, "sentence_en": "temperature lies between -90 and 140: true of all 17,281 rows", "sentence_zh": "temperature 在 -90 与 140 之间：全部 17,281 行符合", "allowed_share": "0"}, {"type": "between", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["humidity"], "examples": [], "severity": "warning", "arguments": {"maximum": "100", "minimum": "0"}, "dimension": "accuracy", "evaluated": 17281, "satisfied": 17281, "sentence_en": "humidity lies between 0 and 100: true of all 17,281 rows", "sentence_zh": "humidity 在 0 与 100 之间：全部 17,281 行符合", "allowed_share": "0"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["station_id"], "examples": [], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17281, "sentence_en": "station_id has a value: true of all 17,281 rows", "sentence_zh": "station_id 有值：全部 17,281 行符合", "allowed_share": "0"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["station_name"], "examples": [], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17281, "sentence_en": "station_name has a value: true of all 17,281 rows", "sentence_zh": "station_name 有值：全部 17,281 行符合", "allowed_share": "0"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["station_name_en"], "examples": [], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17281, "sentence_en": "station_name_en has a value: true of all 17,281 rows", "sentence_zh": "station_name_en 有值：全部 17,281 行符合", "allowed_share": "0"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["observed_at"], "examples": [], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17281, "sentence_en": "observed_at has a value: true of all 17,281 rows", "sentence_zh": "observed_at 有值：全部 17,281 行符合", "allowed_share": "0"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["pm25"], "examples": [{"row": 2, "value": ""}, {"row": 168, "value": ""}, {"row": 240, "value": ""}, {"row": 634, "value": ""}, {"row": 749, "value": ""}], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17214, "sentence_en": "pm25 has a value: not true of 67 of 17,281 rows", "sentence_zh": "pm25 有值：17,281 行中有 67 行不符合", "allowed_share": "0.05"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["pm10"], "examples": [{"row": 20, "value": ""}, {"row": 157, "value": ""}, {"row": 186, "value": ""}, {"row": 269, "value": ""}, {"row": 472, "value": ""}], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17195, "sentence_en": "pm10 has a value: not true of 86 of 17,281 rows", "sentence_zh": "pm10 有值：17,281 行中有 86 行不符合", "allowed_share": "0.05"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["so2"], "examples": [{"row": 36, "value": ""}, {"row": 109, "value": ""}, {"row": 494, "value": ""}, {"row": 714, "value": ""}, {"row": 717, "value": ""}], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17215, "sentence_en": "so2 has a value: not true of 66 of 17,281 rows", "sentence_zh": "so2 有值：17,281 行中有 66 行不符合", "allowed_share": "0.05"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["no2"], "examples": [{"row": 617, "value": ""}, {"row": 948, "value": ""}, {"row": 1021, "value": ""}, {"row": 1394, "value": ""}, {"row": 1404, "value": ""}], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17215, "sentence_en": "no2 has a value: not true of 66 of 17,281 rows", "sentence_zh": "no2 有值：17,281 行中有 66 行不符合", "allowed_share": "0.05"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["co"], "examples": [{"row": 206, "value": ""}, {"row": 264, "value": ""}, {"row": 525, "value": ""}, {"row": 1383, "value": ""}, {"row": 1387, "value": ""}], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17207, "sentence_en": "co has a value: not true of 74 of 17,281 rows", "sentence_zh": "co 有值：17,281 行中有 74 行不符合", "allowed_share": "0.05"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["o3"], "examples": [{"row": 39, "value": ""}, {"row": 167, "value": ""}, {"row": 400, "value": ""}, {"row": 1011, "value": ""}, {"row": 1018, "value": ""}], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17204, "sentence_en": "o3 has a value: not true of 77 of 17,281 rows", "sentence_zh": "o3 有值：17,281 行中有 77 行不符合", "allowed_share": "0.05"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["aqi"], "examples": [], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17281, "sentence_en": "aqi has a value: true of all 17,281 rows", "sentence_zh": "aqi 有值：全部 17,281 行符合", "allowed_share": "0"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["temperature"], "examples": [], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17281, "sentence_en": "temperature has a value: true of all 17,281 rows", "sentence_zh": "temperature 有值：全部 17,281 行符合", "allowed_share": "0"}, {"type": "not_null", "error": null, "counts": "rows", "scored": true, "status": "passed", "columns": ["humidity"], "examples": [], "severity": "warning", "arguments": {}, "dimension": "completeness", "evaluated": 17281, "satisfied": 17281, "sentence_en": "humidity has a value: true of all 17,281 rows", "sentence_zh": "humidity 有值：全部 17,281 行符合", "allowed_share": "0"}]', 'great_expectations 1.24.1', '[{"key": "quality.grade.a", "version": 1}, {"key": "quality.grade.b", "version": 1}, {"key": "quality.grade.c", "version": 1}, {"key": "quality.grade.d", "version": 1}, {"key": "quality.lowest_passing_grade", "version": 1}, {"key": "quality.weight.accessibility", "version": 1}, {"key": "quality.weight.accuracy", "version": 1}, {"key": "quality.weight.completeness", "version": 1}, {"key": "quality.weight.conformity", "version": 1}, {"key": "quality.weight.consistency", "version": 1}, {"key": "quality.weight.timeliness", "version": 1}]', '086c84abd8bb7660203b6f90f2370e95726087f0f9c2adb8cd8bb1337a66572d', '2026-11-21 16:37:02.003486+00');
INSERT INTO "public"."quality_runs" VALUES
	('01a1fef7-e4c8-7047-b5be-878a99cf2d31', '01a1fef7-e48c-7537-b0ab-26b8541634b7', '634a40f2f09a7ba20c0212230bea6a0b6cc501dfa6fc9f597d1a797aed4cfc64', 'revisions/01a1fef7-e48c-7537-b0ab-26b8541634b7.parquet', '[{"type": "row_count", "scored": true, "columns": [], "severity": "blocking", "arguments": {"minimum": "1"}, "dimension": "conformity", "allowed_share": "0"}, {"type": "unique_together", "scored": true, "columns": ["station_id", "observed_at"], "severity": "warning", "arguments": {}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "not_less", "scored": true, "columns": ["pm10", "pm25"], "severity": "warning", "arguments": {}, "dimension": "consistency", "allowed_share": "0"}, {"type": "in_set", "scored": true, "columns": ["station_id"], "severity": "warning", "arguments": {"values": ["S001", "S002", "S003", "S004", "S005", "S006", "S007", "S008", "S009", "S010", "S011", "S012"]}, "dimension": "conformity", "allowed_share": "0"}, {"type": "in_set", "scored": true, "columns": ["station_name"], "severity": "warning", "arguments": {"values": ["东湖公园", "中心广场", "体育中心", "北河工业园", "南站枢纽", "大学城", "机场路", "港口新区", "湿地保护区", "科技园", "老城厢", "西山林场"]}, "dimension": "conformity", "allowed_share": "0"}, {"type": "in_set", "scored": true, "columns": ["station_name_en"], "severity": "warning", "arguments": {"values": ["Airport Road", "Central Square", "East Lake Park", "Harbour District", "North River Industrial Park", "Old Town", "Science Park", "South Station", "Sports Centre", "University Town", "West Hill Forest", "Wetland Reserve"]}, "dimension": "conformity", "allowed_share": "0"}, {"type": "increasing", "scored": false, "columns": ["observed_at"], "severity": "warning", "arguments": {}, "dimension": "timeliness", "allowed_share": "0"}, {"type": "between", "scored": true, "columns": ["pm25"], "severity": "warning", "arguments": {"maximum": "1000", "minimum": "0"}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "between", "scored": true, "columns": ["pm10"], "severity": "warning", "arguments": {"maximum": "1000", "minimum": "0"}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "between", "scored": true, "columns": ["so2"], "severity": "warning", "arguments": {"maximum": "2000", "minimum": "0"}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "between", "scored": true, "columns": ["no2"], "severity": "warning", "arguments": {"maximum": "2000", "minimum": "0"}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "between", "scored": true, "columns": ["co"], "severity": "warning", "arguments": {"maximum": "150", "minimum": "0"}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "between", "scored": true, "columns": ["o3"], "severity": "warning", "arguments": {"maximum": "2000", "minimum": "0"}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "between", "scored": true, "columns": ["aqi"], "severity": "warning", "arguments": {"maximum": "500", "minimum": "0"}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "between", "scored": true, "columns": ["temperature"], "severity": "warning", "arguments": {"maximum": "140", "minimum": "-90"}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "between", "scored": true, "columns": ["humidity"], "severity": "warning", "arguments": {"maximum": "100", "minimum": "0"}, "dimension": "accuracy", "allowed_share": "0"}, {"type": "not_null", "scored": true, "columns": ["station_id"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0"}, {"type": "not_null", "scored": true, "columns": ["station_name"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0"}, {"type": "not_null", "scored": true, "columns": ["station_name_en"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0"}, {"type": "not_null", "scored": true, "columns": ["observed_at"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0"}, {"type": "not_null", "scored": true, "columns": ["pm25"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0.05"}, {"type": "not_null", "scored": true, "columns": ["pm10"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0.05"}, {"type": "not_null", "scored": true, "columns": ["so2"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0.05"}, {"type": "not_null", "scored": true, "columns": ["no2"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0.05"}, {"type": "not_null", "scored": true, "columns": ["co"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0.05"}, {"type": "not_null", "scored": true, "columns": ["o3"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0.05"}, {"type": "not_null", "scored": true, "columns": ["aqi"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0"}, {"type": "not_null", "scored": true, "columns": ["temperature"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0"}, {"type": "not_null", "scored": true, "columns": ["humidity"], "severity": "warning", "arguments": {}, "dimension": "completeness", "allowed_share": "0"}]', 'done', NULL, '01a1fef7-d482-71a9-b951-4523f6e95114', '2026-11-21 16:37:01.227711+00', '2026-11-21 16:37:01.353391+00', '2026-11-21 16:37:02.003486+00');
INSERT INTO "public"."reconciliations" VALUES
	('01a1fef7-eca8-740f-9821-0ad5ae30612f', '2026-11-21 16:37:03.231349+00', '01a1fef7-da90-75ca-9d8e-f8b754de89a7', true, '{"refunds": 0, "accounts": 6, "invoices": 1, "journals": 3, "payments": 1, "postings": 8, "statements": 1, "card_payments": 0, "invoices_open": 0, "statement_lines": 1, "statement_lines_matched": 1}');
INSERT INTO "public"."resource_rights" VALUES
	('01a1fef7-dbff-7354-b336-3482488dc6ae', '01a1fef7-dbd0-7525-b8dd-a8fdb6ae4f2e', '01a1fef7-d38e-7429-9bb9-ba0d5ae08da6', 'HOLD', 'statutory_duty', 'Collected in the exercise of a statutory duty 依法履职采集', 'ef048ac4bc4a0de9afbd28e559fedb8b579919696c5a2dc6c9c01a7df8026d2e', 'Order that entrusts the bureau with the collection', '2026-11-20 16:36:58.983854+00', NULL, '2026-11-21 16:36:58.995969+00', '01a1fef7-d482-71a9-b951-4523f6e95114');
INSERT INTO "public"."rulebook_parameters" VALUES
	('2ec9e1d9-1569-404f-a504-1fd6b47556e1', 'identity.invitation_days', 1, '7', '2025-01-01 00:00:00+00', 'House decision of the market: identity and access', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('596d3154-89f8-443d-afff-740bd85aace2', 'pricing.public_purposes_are_free', 1, 'true', '2025-01-01 00:00:00+00', '发改价格〔2025〕65号 关于建立公共数据资源授权运营价格形成机制的通知: use for public governance and public welfare is free of charge', 'S', NULL, '2026-11-21 16:36:51.342147+00'),
	('ec1ec0cb-aeb6-442b-8cd9-acbefe580a6c', 'pricing.rounding', 1, '"half-up"', '2025-01-01 00:00:00+00', 'Decided by the market: each invoice line is rounded once, half up, to the currency''s minor unit', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('1ff5b2e9-03ca-470a-897c-108702aad86e', 'pricing.max_charges', 1, '20', '2025-01-01 00:00:00+00', 'Decided by the market: a price plan that a person can still read', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('0a9e96b2-f0a9-459d-9358-88282ccd78b1', 'pricing.max_price_places', 1, '8', '2025-01-01 00:00:00+00', 'Decided by the market: a hundred-millionth of a major unit prices a row finely enough', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('fe8328d4-caec-4086-8eff-aa360e577251', 'pricing.max_unit_price', 1, '"1000000000"', '2025-01-01 00:00:00+00', 'Decided by the market: a higher price, in any currency, is a slip of the pen', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('760f2d03-d2fe-449a-b8d9-18ac4274d10b', 'pricing.max_allowance', 1, '1000000000', '2025-01-01 00:00:00+00', 'Decided by the market: a larger free allowance is meant to be a free charge', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('6b63a9e4-19bc-4d4d-8b91-685771d75780', 'quality.weight.conformity', 1, '"0.20"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('4443ddd8-6ff5-4102-8bb9-9690ceeb1f96', 'quality.weight.completeness', 1, '"0.20"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('0b222f7d-26c0-48b5-89c3-ecf8b3243ac5', 'quality.weight.accuracy', 1, '"0.25"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('cfabdc46-e11d-4cfe-85f6-354b6325f313', 'quality.weight.consistency', 1, '"0.15"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('7cd9d748-3b4e-4624-8eb4-a2f79c57bfc4', 'quality.weight.timeliness', 1, '"0.10"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('7364b272-505e-48f9-98ed-f734a86d384a', 'quality.weight.accessibility', 1, '"0.10"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('af0fbf95-d226-4d7a-bf8a-acd2d6a6ac5b', 'quality.grade.a', 1, '"0.97"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('3fd63be0-b050-4fae-be58-a934c907a0b6', 'quality.grade.b', 1, '"0.93"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('d51a355e-e9e2-428b-9648-043078e64583', 'quality.grade.c', 1, '"0.85"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('49cf1087-cc5f-43ac-86fe-d8be5adac15d', 'quality.grade.d', 1, '"0.70"', '2025-01-01 00:00:00+00', 'Decided by the market; GB/T 36344-2018 names the six indicators and sets neither weights nor grades', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('ce51a93a-c792-4e8a-b263-3878a9a58364', 'quality.lowest_passing_grade', 1, '"D"', '2025-01-01 00:00:00+00', 'Decided by the market: a revision of grade E is not sold', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('c94901db-acae-489c-b215-e1478d8be8c7', 'authorisation.max_term_years', 1, '5', '2025-01-01 00:00:00+00', '公共数据资源授权运营实施规范(试行), 发改数据规〔2025〕27号: five years at most', 'S', NULL, '2026-11-21 16:36:51.342147+00'),
	('d53ed687-2fe7-4ede-9040-2245f2120a42', 'licence.token_hours', 1, '24', '2025-01-01 00:00:00+00', 'House decision: a licence token lives for a day and is renewed by the buyer''s program', 'house', NULL, '2026-11-21 16:36:51.342147+00'),
	('3df6416b-c2ea-4f6f-bc01-3763cb4ba3a9', 'settlement.payment_term_days', 1, '30', '2025-01-01 00:00:00+00', 'House rule of the market', 'house', NULL, '2026-11-21 16:36:51.342147+00');
INSERT INTO "public"."stops" VALUES
	('01a1fef7-ed53-773e-aa6f-a1fc05882776', 'agreement', '01a1fef7-e8f3-73f5-a41c-0725ba3d0773', 'Use is being looked into (demo)', '01a1fef7-d8fc-737e-82cc-34948112e82f', '01a1fef7-d837-77c0-8480-552c4c19e3b1', '2026-11-21 16:37:03.442769+00', '2026-11-21 16:37:03.469603+00', '01a1fef7-d8fc-737e-82cc-34948112e82f', 'Nothing was found (demo)');
INSERT INTO "public"."usage_keys" VALUES
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-ebae-7296-b9b4-dec278ffdfd5', '01a1fef7-ebe8-756f-bc95-e37941b52894', '2026-11-21 16:37:03.081094+00', '\xecb91e193aed465c56d96c74ca4bb88e02f470f430400b64d9c66d1391029854', 1, 1),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-0-1', '01a1fef7-f2e6-744c-8f7b-a3f0576e2840', '2026-11-21 16:37:04.887493+00', '\x938db8c9f82c8cb58d3f3ef4fd250036a48d26a712753d2fde5abd03a85cabf4', 1, 1),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-0-2', '01a1fef7-f2e6-744c-8f7b-a3f2a367eed7', '2026-11-21 16:37:04.887493+00', '\xa953f09a1b6b6725b81956e9ad0b1eb49e3ad40004c04307ef8af6246a054116', 1, 2),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-0-4', '01a1fef7-f2e6-744c-8f7b-a3f698400b65', '2026-11-21 16:37:04.887493+00', '\x6cd5b6e51936a442b973660c21553dd22bd72ddc8751132a943475288113b4c0', 1, 4),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-0-5', '01a1fef7-f2e6-744c-8f7b-a3f8b86295d5', '2026-11-21 16:37:04.887493+00', '\xc97550ce8213ef5cf6ed4ba48790c137df3ef6a5da20b48961001a634b6cead2', 1, 5),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-0-7', '01a1fef7-f2e6-744c-8f7b-a3fcb9e58fed', '2026-11-21 16:37:04.887493+00', '\x19b100ab7725c612f3d80ff203ca53cea5cadaafae3bf0f88f0fb4089fe08815', 1, 7),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-0-1', '01a1fef7-f302-7579-b6ea-7b973fb3397e', '2026-11-21 16:37:04.899069+00', '\x938db8c9f82c8cb58d3f3ef4fd250036a48d26a712753d2fde5abd03a85cabf4', 1, 2),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-0-2', '01a1fef7-f302-7579-b6ea-7b99ed64c629', '2026-11-21 16:37:04.899069+00', '\xa953f09a1b6b6725b81956e9ad0b1eb49e3ad40004c04307ef8af6246a054116', 1, 3),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-0-4', '01a1fef7-f302-7579-b6ea-7b9dee78def9', '2026-11-21 16:37:04.899069+00', '\x6cd5b6e51936a442b973660c21553dd22bd72ddc8751132a943475288113b4c0', 1, 5),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-0-5', '01a1fef7-f302-7579-b6ea-7b9f1d66d0ae', '2026-11-21 16:37:04.899069+00', '\xc97550ce8213ef5cf6ed4ba48790c137df3ef6a5da20b48961001a634b6cead2', 1, 6),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-0-7', '01a1fef7-f302-7579-b6ea-7ba3b264cdac', '2026-11-21 16:37:04.899069+00', '\x19b100ab7725c612f3d80ff203ca53cea5cadaafae3bf0f88f0fb4089fe08815', 1, 8),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-1-1', '01a1fef7-f31a-75d7-b723-ca7cf4042db4', '2026-11-21 16:37:04.923068+00', '\x4fc82b26aecb47d2868c4efbe3581732a3e7cbcc6c2efb32062c08170a05eeb8', 1, 1),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-1-2', '01a1fef7-f31a-75d7-b723-ca7e14e9bbba', '2026-11-21 16:37:04.923068+00', '\x6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918', 1, 2),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-1-4', '01a1fef7-f31a-75d7-b723-ca8225926afe', '2026-11-21 16:37:04.923068+00', '\x8527a891e224136950ff32ca212b45bc93f69fbb801c3b1ebedac52775f99e61', 1, 4),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-1-5', '01a1fef7-f31a-75d7-b723-ca8499e52b66', '2026-11-21 16:37:04.923068+00', '\xe629fa6598d732768f7c726b4b621285f9c3b85303900aa912017db7617d8bdb', 1, 5),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-1-7', '01a1fef7-f31a-75d7-b723-ca88dcb4cc4d', '2026-11-21 16:37:04.923068+00', '\x4523540f1504cd17100c4835e85b7eefd49911580f8efff0599a8f283be6b9e3', 1, 7),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-1-1', '01a1fef7-f31e-7183-ae4c-1b9f45bf1af8', '2026-11-21 16:37:04.926768+00', '\x4fc82b26aecb47d2868c4efbe3581732a3e7cbcc6c2efb32062c08170a05eeb8', 1, 2),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-1-2', '01a1fef7-f31e-7183-ae4c-1ba116eba0d6', '2026-11-21 16:37:04.926768+00', '\x6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918', 1, 3),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-1-4', '01a1fef7-f31e-7183-ae4c-1ba55934f0d4', '2026-11-21 16:37:04.926768+00', '\x8527a891e224136950ff32ca212b45bc93f69fbb801c3b1ebedac52775f99e61', 1, 5),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-1-5', '01a1fef7-f31e-7183-ae4c-1ba76f06542f', '2026-11-21 16:37:04.926768+00', '\xe629fa6598d732768f7c726b4b621285f9c3b85303900aa912017db7617d8bdb', 1, 6),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-1-7', '01a1fef7-f31e-7183-ae4c-1bab9495c15e', '2026-11-21 16:37:04.926768+00', '\x4523540f1504cd17100c4835e85b7eefd49911580f8efff0599a8f283be6b9e3', 1, 8),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-2-1', '01a1fef7-f326-7335-8618-a568896ea56f', '2026-11-21 16:37:04.934939+00', '\x6f4b6612125fb3a0daecd2799dfd6c9c299424fd920f9b308110a2c1fbd8f443', 1, 1),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-2-2', '01a1fef7-f326-7335-8618-a56abb7d71f3', '2026-11-21 16:37:04.934939+00', '\x785f3ec7eb32f30b90cd0fcf3657d388b5ff4297f2f9716ff66e9b69c05ddd09', 1, 2),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-2-4', '01a1fef7-f326-7335-8618-a56e986908b1', '2026-11-21 16:37:04.934939+00', '\xc2356069e9d1e79ca924378153cfbbfb4d4416b1f99d41a2940bfdb66c5319db', 1, 4),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-2-5', '01a1fef7-f326-7335-8618-a570d2a3a619', '2026-11-21 16:37:04.934939+00', '\xb7a56873cd771f2c446d369b649430b65a756ba278ff97ec81bb6f55b2e73569', 1, 5),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 'key-2-7', '01a1fef7-f326-7335-8618-a5745609e265', '2026-11-21 16:37:04.934939+00', '\x670671cd97404156226e507973f2ab8330d3022ca96e0c93bdbdb320c41adcaf', 1, 7),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-2-1', '01a1fef7-f32a-72b7-a583-5b7e9b79d0f4', '2026-11-21 16:37:04.938722+00', '\x6f4b6612125fb3a0daecd2799dfd6c9c299424fd920f9b308110a2c1fbd8f443', 1, 2),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-2-2', '01a1fef7-f32a-72b7-a583-5b80434541e8', '2026-11-21 16:37:04.938722+00', '\x785f3ec7eb32f30b90cd0fcf3657d388b5ff4297f2f9716ff66e9b69c05ddd09', 1, 3),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-2-4', '01a1fef7-f32a-72b7-a583-5b8438f2dd2c', '2026-11-21 16:37:04.938722+00', '\xc2356069e9d1e79ca924378153cfbbfb4d4416b1f99d41a2940bfdb66c5319db', 1, 5),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-2-5', '01a1fef7-f32a-72b7-a583-5b867b742ff1', '2026-11-21 16:37:04.938722+00', '\xb7a56873cd771f2c446d369b649430b65a756ba278ff97ec81bb6f55b2e73569', 1, 6),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 'key-2-7', '01a1fef7-f32a-72b7-a583-5b8a261d5251', '2026-11-21 16:37:04.938722+00', '\x670671cd97404156226e507973f2ab8330d3022ca96e0c93bdbdb320c41adcaf', 1, 8);
INSERT INTO "public"."usage_periods" VALUES
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', 1, '2026-11-21 16:37:02.357204+00', '2026-11-21 16:37:03.10385+00', 21, 1001),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 1, '2026-11-21 16:37:04.810512+00', '2026-11-21 16:37:04.915838+00', 8, 28),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 1, '2026-11-21 16:37:04.810512+00', '2026-11-21 16:37:04.918398+00', 8, 36),
	('01a1fef7-f292-772b-b80b-b82c60285d94', 2, '2026-11-21 16:37:04.915838+00', '2026-11-21 16:37:04.931598+00', 8, 28),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', 2, '2026-11-21 16:37:04.918398+00', '2026-11-21 16:37:04.932088+00', 8, 36);
INSERT INTO "public"."usage_records_p_202611" VALUES
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-ea5b-7478-a43d-c4695aeffe41', '2026-11-21 16:37:02.708809+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10857, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\xde9801d3bbcd995cafbebd07dd60e51785be60c8ed23dc067fd1b9bf94d1eeb7'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-ea8c-74a6-9079-326e2a3587ed', '2026-11-21 16:37:02.733161+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10878, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x830126e1b78a041ff13eaf3df991a7c9c20ff299c81c22ccf00ec08d8caf25c9'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eaa0-7666-9760-b66c1f8aad1e', '2026-11-21 16:37:02.752624+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10935, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x20dfefa7fba9c1c39199b15100c12c8fbc9f99d751bb5271dffabf4e993eb1e9'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eab1-7220-8908-40e7509f82af', '2026-11-21 16:37:02.770289+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10908, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x033591472a795332bc00fd03b79fb76c00e28cfa702d7ae16b47812176da12bb'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eac1-716a-b1ac-93c6cb0e018b', '2026-11-21 16:37:02.785895+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10894, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x6318d692d40d2bab49e863a4de550b4481dd03d4ccc18de9943232140759db9b'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-ead5-7355-bf60-d0c5005b9410', '2026-11-21 16:37:02.805459+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10867, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\xdd9002d076bd57ed33a86b2b8e0036fd8d670e6bfe5657eba280a1a9ee6ee9f4'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eae8-77ab-b1e5-dbf865147763', '2026-11-21 16:37:02.824404+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10867, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x541d65ee6786e1cd7e53cb474bd4cd60da56c03c776810bd3ee89ec9a1e4fd93'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eaf7-7527-bd0e-effe9bab4d58', '2026-11-21 16:37:02.839802+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10912, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x45eb2496c153a87424a71efe7d77c05bdb0d24f93725f7d6dd81570e7020cf0a'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb06-7084-9f17-0f48d8f3b0cf', '2026-11-21 16:37:02.854585+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10954, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x15bcff43b6256f3b1664a10502000e0e940f54f96de5e327c47c5e295c12374d'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb18-75ba-8ff9-e86cbce064f0', '2026-11-21 16:37:02.872524+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10917, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x39fbc21532f3f78ed252e62162c28e43fbec307fd143c55e9db9877003bf35c7'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb2d-72f1-9da7-7dbe6f4a3446', '2026-11-21 16:37:02.893545+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10910, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x55e8a5f9832277400560149b2db986cacacd6b9090d52eb02e167455e1d1d49b'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb39-7572-a23f-1b518b3863b2', '2026-11-21 16:37:02.905514+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10865, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\xea201c69820bfc9645893eeed9bc205c2dabe8337c52b60e869a050339f75f5f'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb4b-7585-b26c-b0c2e74fca0d', '2026-11-21 16:37:02.923856+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10870, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\xe0a96630cf7b27f35d3f4a716a80d582cf82062a4bc31c05dd020d48b095ac8f'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb5d-7398-8225-6c1bcb92bc72', '2026-11-21 16:37:02.941703+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10945, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x451517d85deef758fd6bed3f01150878f580a5f09f72119265aedc9991b64379'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb76-76bf-adab-b5b7b7560d7d', '2026-11-21 16:37:02.967144+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10946, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x5f2d3b958319462b4a1f72835fb7b4abb6dfee1c8ecb6ba6504d45d90e3e8cf8'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb80-747d-adb2-7e1e0b4f67a0', '2026-11-21 16:37:02.976889+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10922, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x744c49191ad865ef3fb23c688eda2099adf4522e0f4391baed67ccdad6ae4e84'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb88-706d-908a-c623bbe62a1a', '2026-11-21 16:37:02.985037+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10885, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x03d03575548ea7ec0d260e98e107c63d09ed41f1162f74b2dd0a3e6744ea03f7'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb90-75ac-a149-0ea534067552', '2026-11-21 16:37:02.992527+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10865, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x770d16016ef30cad1ba40fcdde0101a90291e792c6a97a30be215c8e35673571'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-eb9d-70e9-9074-cfd50b7ca054', '2026-11-21 16:37:03.006181+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10883, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\xf1ef3bcc64f23aa9ac2fcb4c2d931feaf909d2a86990c12ae49890a0439dfdd6'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-ebaa-7287-9fee-40343525688b', '2026-11-21 16:37:03.018914+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 50, 10937, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\x51df1a6d4dcebf9b1d8466a5817715caf8dac66ba06ae587b2d809fbe9e93ed8'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-ebe8-756f-bc95-e37941b52894', '2026-11-21 16:37:03.081094+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 1, 276, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\xecb91e193aed465c56d96c74ca4bb88e02f470f430400b64d9c66d1391029854'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-ed43-7487-9136-44f186c5af12', '2026-11-21 16:37:03.428187+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 1, 276, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\xecb91e193aed465c56d96c74ca4bb88e02f470f430400b64d9c66d1391029854'),
	('01a1fef7-e92b-70a7-827f-e13bccb88c0c', '01a1fef7-ed80-70ed-a655-c662e5c95081', '2026-11-21 16:37:03.489036+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-e48c-7537-b0ab-26b8541634b7', 1, 1, 276, 'industry', '01a1fef7-db50-7595-8882-867a7f26dab9', '\xecb91e193aed465c56d96c74ca4bb88e02f470f430400b64d9c66d1391029854'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f2e6-744c-8f7b-a3ee899d8b0b', '2026-11-21 16:37:04.887493+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f2e6-744c-8f7b-a3efc185dcb4', 1, 0, 0, 'public_welfare', NULL, '\xf1534392279bddbf9d43dde8701cb5be14b82f76ec6607bf8d6ad557f60f304e'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f2e6-744c-8f7b-a3f0576e2840', '2026-11-21 16:37:04.887493+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f2e6-744c-8f7b-a3f193a8f6dd', 1, 1, 100, 'industry', NULL, '\x938db8c9f82c8cb58d3f3ef4fd250036a48d26a712753d2fde5abd03a85cabf4'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f2e6-744c-8f7b-a3f2a367eed7', '2026-11-21 16:37:04.887493+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f2e6-744c-8f7b-a3f3c781cff9', 1, 2, 200, 'public_welfare', NULL, '\xa953f09a1b6b6725b81956e9ad0b1eb49e3ad40004c04307ef8af6246a054116'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f2e6-744c-8f7b-a3f450ad27d7', '2026-11-21 16:37:04.887493+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f2e6-744c-8f7b-a3f5cc6f4e9b', 1, 3, 300, 'industry', NULL, '\x0b8efa5a3bf104413a725c6ff0459a6be12b1fd33314cbb138745baf39504ae5'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f2e6-744c-8f7b-a3f698400b65', '2026-11-21 16:37:04.887493+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f2e6-744c-8f7b-a3f790772dcb', 1, 4, 400, 'public_welfare', NULL, '\x6cd5b6e51936a442b973660c21553dd22bd72ddc8751132a943475288113b4c0'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f2e6-744c-8f7b-a3f8b86295d5', '2026-11-21 16:37:04.887493+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f2e6-744c-8f7b-a3f9c5bc2cdb', 1, 5, 500, 'industry', NULL, '\xc97550ce8213ef5cf6ed4ba48790c137df3ef6a5da20b48961001a634b6cead2'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f2e6-744c-8f7b-a3fa3759c12f', '2026-11-21 16:37:04.887493+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f2e6-744c-8f7b-a3fb2b8a61d6', 1, 6, 600, 'public_welfare', NULL, '\xaacd834b5cdc64a329e27649143406dd068306542988dfc250d6184745894849'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f2e6-744c-8f7b-a3fcb9e58fed', '2026-11-21 16:37:04.887493+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f2e6-744c-8f7b-a3fd960f0c6c', 1, 7, 700, 'industry', NULL, '\x19b100ab7725c612f3d80ff203ca53cea5cadaafae3bf0f88f0fb4089fe08815'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f302-7579-b6ea-7b9562ef65ac', '2026-11-21 16:37:04.899069+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f302-7579-b6ea-7b96b2d78def', 1, 1, 0, 'public_welfare', NULL, '\xf1534392279bddbf9d43dde8701cb5be14b82f76ec6607bf8d6ad557f60f304e'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f302-7579-b6ea-7b973fb3397e', '2026-11-21 16:37:04.899069+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f302-7579-b6ea-7b9824e29c3d', 1, 2, 100, 'industry', NULL, '\x938db8c9f82c8cb58d3f3ef4fd250036a48d26a712753d2fde5abd03a85cabf4'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f302-7579-b6ea-7b99ed64c629', '2026-11-21 16:37:04.899069+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f302-7579-b6ea-7b9a80d7ba3c', 1, 3, 200, 'public_welfare', NULL, '\xa953f09a1b6b6725b81956e9ad0b1eb49e3ad40004c04307ef8af6246a054116'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f302-7579-b6ea-7b9b5b9f433d', '2026-11-21 16:37:04.899069+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f302-7579-b6ea-7b9c127a7cc7', 1, 4, 300, 'industry', NULL, '\x0b8efa5a3bf104413a725c6ff0459a6be12b1fd33314cbb138745baf39504ae5'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f302-7579-b6ea-7b9dee78def9', '2026-11-21 16:37:04.899069+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f302-7579-b6ea-7b9e7c6d58f9', 1, 5, 400, 'public_welfare', NULL, '\x6cd5b6e51936a442b973660c21553dd22bd72ddc8751132a943475288113b4c0'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f302-7579-b6ea-7b9f1d66d0ae', '2026-11-21 16:37:04.899069+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f302-7579-b6ea-7ba00c3de8db', 1, 6, 500, 'industry', NULL, '\xc97550ce8213ef5cf6ed4ba48790c137df3ef6a5da20b48961001a634b6cead2'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f302-7579-b6ea-7ba1a2dcf9b5', '2026-11-21 16:37:04.899069+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f302-7579-b6ea-7ba267ca6976', 1, 7, 600, 'public_welfare', NULL, '\xaacd834b5cdc64a329e27649143406dd068306542988dfc250d6184745894849'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f302-7579-b6ea-7ba3b264cdac', '2026-11-21 16:37:04.899069+00', 1, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f302-7579-b6ea-7ba4d29b2236', 1, 8, 700, 'industry', NULL, '\x19b100ab7725c612f3d80ff203ca53cea5cadaafae3bf0f88f0fb4089fe08815'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f31a-75d7-b723-ca7aa201624a', '2026-11-21 16:37:04.923068+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31a-75d7-b723-ca7b29a3c416', 1, 0, 0, 'public_welfare', NULL, '\x4a44dc15364204a80fe80e9039455cc1608281820fe2b24f1e5233ade6af1dd5'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f31a-75d7-b723-ca7cf4042db4', '2026-11-21 16:37:04.923068+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31a-75d7-b723-ca7d0e7939df', 1, 1, 100, 'industry', NULL, '\x4fc82b26aecb47d2868c4efbe3581732a3e7cbcc6c2efb32062c08170a05eeb8'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f31a-75d7-b723-ca7e14e9bbba', '2026-11-21 16:37:04.923068+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31a-75d7-b723-ca7f7654fdd8', 1, 2, 200, 'public_welfare', NULL, '\x6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f31a-75d7-b723-ca809356944c', '2026-11-21 16:37:04.923068+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31a-75d7-b723-ca81790697c6', 1, 3, 300, 'industry', NULL, '\x3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f31a-75d7-b723-ca8225926afe', '2026-11-21 16:37:04.923068+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31a-75d7-b723-ca838ea8cbcb', 1, 4, 400, 'public_welfare', NULL, '\x8527a891e224136950ff32ca212b45bc93f69fbb801c3b1ebedac52775f99e61'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f31a-75d7-b723-ca8499e52b66', '2026-11-21 16:37:04.923068+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31a-75d7-b723-ca85773d0ce4', 1, 5, 500, 'industry', NULL, '\xe629fa6598d732768f7c726b4b621285f9c3b85303900aa912017db7617d8bdb'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f31a-75d7-b723-ca86e7a87973', '2026-11-21 16:37:04.923068+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31a-75d7-b723-ca87fa8f6117', 1, 6, 600, 'public_welfare', NULL, '\xb17ef6d19c7a5b1ee83b907c595526dcb1eb06db8227d650d5dda0a9f4ce8cd9'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f31a-75d7-b723-ca88dcb4cc4d', '2026-11-21 16:37:04.923068+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31a-75d7-b723-ca898a2010ef', 1, 7, 700, 'industry', NULL, '\x4523540f1504cd17100c4835e85b7eefd49911580f8efff0599a8f283be6b9e3'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f31e-7183-ae4c-1b9deada074f', '2026-11-21 16:37:04.926768+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31e-7183-ae4c-1b9e9978d186', 1, 1, 0, 'public_welfare', NULL, '\x4a44dc15364204a80fe80e9039455cc1608281820fe2b24f1e5233ade6af1dd5'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f31e-7183-ae4c-1b9f45bf1af8', '2026-11-21 16:37:04.926768+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31e-7183-ae4c-1ba0e8947bfd', 1, 2, 100, 'industry', NULL, '\x4fc82b26aecb47d2868c4efbe3581732a3e7cbcc6c2efb32062c08170a05eeb8'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f31e-7183-ae4c-1ba116eba0d6', '2026-11-21 16:37:04.926768+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31e-7183-ae4c-1ba253f22c44', 1, 3, 200, 'public_welfare', NULL, '\x6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f31e-7183-ae4c-1ba3b17f82a4', '2026-11-21 16:37:04.926768+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31e-7183-ae4c-1ba4cb1bb9fd', 1, 4, 300, 'industry', NULL, '\x3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f31e-7183-ae4c-1ba55934f0d4', '2026-11-21 16:37:04.926768+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31e-7183-ae4c-1ba6bc7aaf8f', 1, 5, 400, 'public_welfare', NULL, '\x8527a891e224136950ff32ca212b45bc93f69fbb801c3b1ebedac52775f99e61'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f31e-7183-ae4c-1ba76f06542f', '2026-11-21 16:37:04.926768+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31e-7183-ae4c-1ba87bc2466f', 1, 6, 500, 'industry', NULL, '\xe629fa6598d732768f7c726b4b621285f9c3b85303900aa912017db7617d8bdb'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f31e-7183-ae4c-1ba9bcc44893', '2026-11-21 16:37:04.926768+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31e-7183-ae4c-1baa9665a1be', 1, 7, 600, 'public_welfare', NULL, '\xb17ef6d19c7a5b1ee83b907c595526dcb1eb06db8227d650d5dda0a9f4ce8cd9'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f31e-7183-ae4c-1bab9495c15e', '2026-11-21 16:37:04.926768+00', 2, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f31e-7183-ae4c-1bacb2a60200', 1, 8, 700, 'industry', NULL, '\x4523540f1504cd17100c4835e85b7eefd49911580f8efff0599a8f283be6b9e3'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f326-7335-8618-a5667f476478', '2026-11-21 16:37:04.934939+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f326-7335-8618-a567bc2be643', 1, 0, 0, 'public_welfare', NULL, '\xf5ca38f748a1d6eaf726b8a42fb575c3c71f1864a8143301782de13da2d9202b'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f326-7335-8618-a568896ea56f', '2026-11-21 16:37:04.934939+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f326-7335-8618-a5699c4f9924', 1, 1, 100, 'industry', NULL, '\x6f4b6612125fb3a0daecd2799dfd6c9c299424fd920f9b308110a2c1fbd8f443'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f326-7335-8618-a56abb7d71f3', '2026-11-21 16:37:04.934939+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f326-7335-8618-a56bbf1eca5b', 1, 2, 200, 'public_welfare', NULL, '\x785f3ec7eb32f30b90cd0fcf3657d388b5ff4297f2f9716ff66e9b69c05ddd09'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f326-7335-8618-a56c0846bd84', '2026-11-21 16:37:04.934939+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f326-7335-8618-a56dc9e74d01', 1, 3, 300, 'industry', NULL, '\x535fa30d7e25dd8a49f1536779734ec8286108d115da5045d77f3b4185d8f790'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f326-7335-8618-a56e986908b1', '2026-11-21 16:37:04.934939+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f326-7335-8618-a56f6a8b7387', 1, 4, 400, 'public_welfare', NULL, '\xc2356069e9d1e79ca924378153cfbbfb4d4416b1f99d41a2940bfdb66c5319db'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f326-7335-8618-a570d2a3a619', '2026-11-21 16:37:04.934939+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f326-7335-8618-a57159cf62e5', 1, 5, 500, 'industry', NULL, '\xb7a56873cd771f2c446d369b649430b65a756ba278ff97ec81bb6f55b2e73569'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f326-7335-8618-a572527a4b2e', '2026-11-21 16:37:04.934939+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f326-7335-8618-a573b7eeec7d', 1, 6, 600, 'public_welfare', NULL, '\x5f9c4ab08cac7457e9111a30e4664920607ea2c115a1433d7be98e97e64244ca'),
	('01a1fef7-f292-772b-b80b-b82c60285d94', '01a1fef7-f326-7335-8618-a5745609e265', '2026-11-21 16:37:04.934939+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f326-7335-8618-a575bdd050e2', 1, 7, 700, 'industry', NULL, '\x670671cd97404156226e507973f2ab8330d3022ca96e0c93bdbdb320c41adcaf'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f32a-72b7-a583-5b7cf71ca96b', '2026-11-21 16:37:04.938722+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f32a-72b7-a583-5b7d5a78f30f', 1, 1, 0, 'public_welfare', NULL, '\xf5ca38f748a1d6eaf726b8a42fb575c3c71f1864a8143301782de13da2d9202b'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f32a-72b7-a583-5b7e9b79d0f4', '2026-11-21 16:37:04.938722+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f32a-72b7-a583-5b7fdbad91cc', 1, 2, 100, 'industry', NULL, '\x6f4b6612125fb3a0daecd2799dfd6c9c299424fd920f9b308110a2c1fbd8f443'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f32a-72b7-a583-5b80434541e8', '2026-11-21 16:37:04.938722+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f32a-72b7-a583-5b8182bd86fa', 1, 3, 200, 'public_welfare', NULL, '\x785f3ec7eb32f30b90cd0fcf3657d388b5ff4297f2f9716ff66e9b69c05ddd09'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f32a-72b7-a583-5b82d744cc80', '2026-11-21 16:37:04.938722+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f32a-72b7-a583-5b83fefe8caf', 1, 4, 300, 'industry', NULL, '\x535fa30d7e25dd8a49f1536779734ec8286108d115da5045d77f3b4185d8f790'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f32a-72b7-a583-5b8438f2dd2c', '2026-11-21 16:37:04.938722+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f32a-72b7-a583-5b8566af13c3', 1, 5, 400, 'public_welfare', NULL, '\xc2356069e9d1e79ca924378153cfbbfb4d4416b1f99d41a2940bfdb66c5319db'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f32a-72b7-a583-5b867b742ff1', '2026-11-21 16:37:04.938722+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f32a-72b7-a583-5b8740c5bef5', 1, 6, 500, 'industry', NULL, '\xb7a56873cd771f2c446d369b649430b65a756ba278ff97ec81bb6f55b2e73569'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f32a-72b7-a583-5b880767bde8', '2026-11-21 16:37:04.938722+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f32a-72b7-a583-5b897def1d7e', 1, 7, 600, 'public_welfare', NULL, '\x5f9c4ab08cac7457e9111a30e4664920607ea2c115a1433d7be98e97e64244ca'),
	('01a1fef7-f2cf-776d-a5fd-f7cc0fb7185c', '01a1fef7-f32a-72b7-a583-5b8a261d5251', '2026-11-21 16:37:04.938722+00', 3, '01a1fef7-e03e-7008-8b50-d57b56f1ac81', '01a1fef7-f32a-72b7-a583-5b8b33b39d75', 1, 8, 700, 'industry', NULL, '\x670671cd97404156226e507973f2ab8330d3022ca96e0c93bdbdb320c41adcaf');
SELECT pg_catalog.setval('"public"."authorisations_number_seq"', 1, true);
SELECT pg_catalog.setval('"public"."data_resources_number_seq"', 1, true);
SELECT pg_catalog.setval('"public"."invoice_series_series_no_seq"', 1, true);
SELECT pg_catalog.setval('"public"."pgqueuer_id_seq"', 1, true);
SELECT pg_catalog.setval('"public"."pgqueuer_log_id_seq"', 3, true);
SELECT pg_catalog.setval('"public"."pgqueuer_schedules_id_seq"', 6, true);
SELECT pg_catalog.setval('"public"."pgqueuer_statistics_id_seq"', 1, false);
ALTER TABLE ONLY "public"."alembic_version"
    ADD CONSTRAINT "alembic_version_pkc" PRIMARY KEY ("version_num");
ALTER TABLE ONLY "public"."authorisation_cells"
    ADD CONSTRAINT "ex_authorisation_cells_exclusivity" EXCLUDE USING "gist" ("resource" WITH &&, "scenario" WITH &&, "region" WITH &&, "lane" WITH &&, "term" WITH &&);
ALTER TABLE ONLY "public"."pgqueuer_log"
    ADD CONSTRAINT "pgqueuer_log_pkey" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."pgqueuer"
    ADD CONSTRAINT "pgqueuer_pkey" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."pgqueuer_schedules"
    ADD CONSTRAINT "pgqueuer_schedules_expression_entrypoint_key" UNIQUE ("expression", "entrypoint");
ALTER TABLE ONLY "public"."pgqueuer_schedules"
    ADD CONSTRAINT "pgqueuer_schedules_pkey" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."pgqueuer_statistics"
    ADD CONSTRAINT "pgqueuer_statistics_pkey" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."agreement_signatures"
    ADD CONSTRAINT "pk_agreement_signatures" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."agreements"
    ADD CONSTRAINT "pk_agreements" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."audit_entries"
    ADD CONSTRAINT "pk_audit_entries" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."audit_heads"
    ADD CONSTRAINT "pk_audit_heads" PRIMARY KEY ("size");
ALTER TABLE ONLY "public"."audit_leaves"
    ADD CONSTRAINT "pk_audit_leaves" PRIMARY KEY ("position");
ALTER TABLE ONLY "public"."audit_nodes"
    ADD CONSTRAINT "pk_audit_nodes" PRIMARY KEY ("level", "position");
ALTER TABLE ONLY "public"."authorisation_cells"
    ADD CONSTRAINT "pk_authorisation_cells" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."authorisation_resources"
    ADD CONSTRAINT "pk_authorisation_resources" PRIMARY KEY ("authorisation_id", "resource_id");
ALTER TABLE ONLY "public"."authorisations"
    ADD CONSTRAINT "pk_authorisations" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."bank_documents"
    ADD CONSTRAINT "pk_bank_documents" PRIMARY KEY ("digest");
ALTER TABLE ONLY "public"."bank_entries"
    ADD CONSTRAINT "pk_bank_entries" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."bank_matches"
    ADD CONSTRAINT "pk_bank_matches" PRIMARY KEY ("entry_id");
ALTER TABLE ONLY "public"."bank_statements"
    ADD CONSTRAINT "pk_bank_statements" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."card_events"
    ADD CONSTRAINT "pk_card_events" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."card_payments"
    ADD CONSTRAINT "pk_card_payments" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."client_secrets"
    ADD CONSTRAINT "pk_client_secrets" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."clients"
    ADD CONSTRAINT "pk_clients" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."contract_reviews"
    ADD CONSTRAINT "pk_contract_reviews" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."data_products"
    ADD CONSTRAINT "pk_data_products" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."data_resources"
    ADD CONSTRAINT "pk_data_resources" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."idempotency_keys"
    ADD CONSTRAINT "pk_idempotency_keys" PRIMARY KEY ("organisation_id", "actor_id", "key");
ALTER TABLE ONLY "public"."identity_evidence"
    ADD CONSTRAINT "pk_identity_evidence" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."invitations"
    ADD CONSTRAINT "pk_invitations" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."invoice_lines"
    ADD CONSTRAINT "pk_invoice_lines" PRIMARY KEY ("invoice_id", "line");
ALTER TABLE ONLY "public"."invoice_series"
    ADD CONSTRAINT "pk_invoice_series" PRIMARY KEY ("operator_id");
ALTER TABLE ONLY "public"."invoices"
    ADD CONSTRAINT "pk_invoices" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."ledger_accounts"
    ADD CONSTRAINT "pk_ledger_accounts" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."ledger_journals"
    ADD CONSTRAINT "pk_ledger_journals" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."ledger_postings"
    ADD CONSTRAINT "pk_ledger_postings" PRIMARY KEY ("journal_id", "line");
ALTER TABLE ONLY "public"."licence_counters"
    ADD CONSTRAINT "pk_licence_counters" PRIMARY KEY ("licence_id");
ALTER TABLE ONLY "public"."licence_tokens"
    ADD CONSTRAINT "pk_licence_tokens" PRIMARY KEY ("licence_id", "id");
ALTER TABLE ONLY "public"."licences"
    ADD CONSTRAINT "pk_licences" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."memberships"
    ADD CONSTRAINT "pk_memberships" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."organisations"
    ADD CONSTRAINT "pk_organisations" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."payments"
    ADD CONSTRAINT "pk_payments" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."people"
    ADD CONSTRAINT "pk_people" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."period_closes"
    ADD CONSTRAINT "pk_period_closes" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."price_plans"
    ADD CONSTRAINT "pk_price_plans" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."product_revisions"
    ADD CONSTRAINT "pk_product_revisions" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."quality_reports"
    ADD CONSTRAINT "pk_quality_reports" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."quality_runs"
    ADD CONSTRAINT "pk_quality_runs" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."reconciliation_breaks"
    ADD CONSTRAINT "pk_reconciliation_breaks" PRIMARY KEY ("reconciliation_id", "number");
ALTER TABLE ONLY "public"."reconciliations"
    ADD CONSTRAINT "pk_reconciliations" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."refunds"
    ADD CONSTRAINT "pk_refunds" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."resource_rights"
    ADD CONSTRAINT "pk_resource_rights" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."revoked_tokens"
    ADD CONSTRAINT "pk_revoked_tokens" PRIMARY KEY ("token_id");
ALTER TABLE ONLY "public"."rulebook_parameters"
    ADD CONSTRAINT "pk_rulebook_parameters" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."sessions"
    ADD CONSTRAINT "pk_sessions" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."sign_in_attempts"
    ADD CONSTRAINT "pk_sign_in_attempts" PRIMARY KEY ("account");
ALTER TABLE ONLY "public"."stops"
    ADD CONSTRAINT "pk_stops" PRIMARY KEY ("id");
ALTER TABLE ONLY "public"."usage_keys"
    ADD CONSTRAINT "pk_usage_keys" PRIMARY KEY ("licence_id", "key");
ALTER TABLE ONLY "public"."usage_periods"
    ADD CONSTRAINT "pk_usage_periods" PRIMARY KEY ("licence_id", "period_no");
ALTER TABLE ONLY "public"."usage_records"
    ADD CONSTRAINT "pk_usage_records" PRIMARY KEY ("licence_id", "record_id", "recorded_at");
ALTER TABLE ONLY "public"."agreement_signatures"
    ADD CONSTRAINT "uq_agreement_signatures_agreement_id_organisation_id" UNIQUE ("agreement_id", "organisation_id");
ALTER TABLE ONLY "public"."audit_leaves"
    ADD CONSTRAINT "uq_audit_leaves_entry_id" UNIQUE ("entry_id");
ALTER TABLE ONLY "public"."authorisations"
    ADD CONSTRAINT "uq_authorisations_number" UNIQUE ("number");
ALTER TABLE ONLY "public"."bank_entries"
    ADD CONSTRAINT "uq_bank_entries_bank_statement_id_number" UNIQUE ("bank_statement_id", "number");
ALTER TABLE ONLY "public"."bank_statements"
    ADD CONSTRAINT "uq_bank_statements_account_statement_id" UNIQUE ("account", "statement_id");
ALTER TABLE ONLY "public"."card_payments"
    ADD CONSTRAINT "uq_card_payments_processor_id" UNIQUE ("processor_id");
ALTER TABLE ONLY "public"."client_secrets"
    ADD CONSTRAINT "uq_client_secrets_secret_digest" UNIQUE ("secret_digest");
ALTER TABLE ONLY "public"."data_resources"
    ADD CONSTRAINT "uq_data_resources_number" UNIQUE ("number");
ALTER TABLE ONLY "public"."invitations"
    ADD CONSTRAINT "uq_invitations_token_digest" UNIQUE ("token_digest");
ALTER TABLE ONLY "public"."invoice_series"
    ADD CONSTRAINT "uq_invoice_series_series_no" UNIQUE ("series_no");
ALTER TABLE ONLY "public"."invoices"
    ADD CONSTRAINT "uq_invoices_agreement_id_period_no" UNIQUE ("agreement_id", "period_no");
ALTER TABLE ONLY "public"."invoices"
    ADD CONSTRAINT "uq_invoices_document_number" UNIQUE ("document_number");
ALTER TABLE ONLY "public"."invoices"
    ADD CONSTRAINT "uq_invoices_operator_id_number" UNIQUE ("operator_id", "number");
ALTER TABLE ONLY "public"."invoices"
    ADD CONSTRAINT "uq_invoices_payment_reference" UNIQUE ("payment_reference");
ALTER TABLE ONLY "public"."ledger_accounts"
    ADD CONSTRAINT "uq_ledger_accounts_code" UNIQUE ("code");
ALTER TABLE ONLY "public"."ledger_journals"
    ADD CONSTRAINT "uq_ledger_journals_idempotency_key" UNIQUE ("idempotency_key");
ALTER TABLE ONLY "public"."ledger_journals"
    ADD CONSTRAINT "uq_ledger_journals_reverses_id" UNIQUE ("reverses_id");
ALTER TABLE ONLY "public"."licences"
    ADD CONSTRAINT "uq_licences_agreement_id" UNIQUE ("agreement_id");
ALTER TABLE ONLY "public"."memberships"
    ADD CONSTRAINT "uq_memberships_person_id_organisation_id" UNIQUE ("person_id", "organisation_id");
ALTER TABLE ONLY "public"."organisations"
    ADD CONSTRAINT "uq_organisations_credit_code" UNIQUE ("credit_code");
ALTER TABLE ONLY "public"."payments"
    ADD CONSTRAINT "uq_payments_invoice_id" UNIQUE ("invoice_id");
ALTER TABLE ONLY "public"."payments"
    ADD CONSTRAINT "uq_payments_source_id" UNIQUE ("source_id");
ALTER TABLE ONLY "public"."people"
    ADD CONSTRAINT "uq_people_email" UNIQUE ("email");
ALTER TABLE ONLY "public"."period_closes"
    ADD CONSTRAINT "uq_period_closes_agreement_id_period_no" UNIQUE ("agreement_id", "period_no");
ALTER TABLE ONLY "public"."period_closes"
    ADD CONSTRAINT "uq_period_closes_invoice_id" UNIQUE ("invoice_id");
ALTER TABLE ONLY "public"."price_plans"
    ADD CONSTRAINT "uq_price_plans_supersedes" UNIQUE ("supersedes");
ALTER TABLE ONLY "public"."product_revisions"
    ADD CONSTRAINT "uq_product_revisions_product_id_number" UNIQUE ("product_id", "number");
ALTER TABLE ONLY "public"."quality_reports"
    ADD CONSTRAINT "uq_quality_reports_run_id" UNIQUE ("run_id");
ALTER TABLE ONLY "public"."quality_runs"
    ADD CONSTRAINT "uq_quality_runs_revision_id_suite_digest" UNIQUE ("revision_id", "suite_digest");
ALTER TABLE ONLY "public"."refunds"
    ADD CONSTRAINT "uq_refunds_processor_id" UNIQUE ("processor_id");
ALTER TABLE ONLY "public"."rulebook_parameters"
    ADD CONSTRAINT "uq_rulebook_parameters_key_version" UNIQUE ("key", "version");
ALTER TABLE ONLY "public"."sessions"
    ADD CONSTRAINT "uq_sessions_token_digest" UNIQUE ("token_digest");
ALTER TABLE ONLY "public"."usage_records_p_202611"
    ADD CONSTRAINT "usage_records_p_202611_pkey" PRIMARY KEY ("licence_id", "record_id", "recorded_at");
ALTER TABLE ONLY "public"."usage_records_p_202612"
    ADD CONSTRAINT "usage_records_p_202612_pkey" PRIMARY KEY ("licence_id", "record_id", "recorded_at");
ALTER TABLE ONLY "public"."usage_records_p_202701"
    ADD CONSTRAINT "usage_records_p_202701_pkey" PRIMARY KEY ("licence_id", "record_id", "recorded_at");
ALTER TABLE ONLY "public"."usage_records_p_default"
    ADD CONSTRAINT "usage_records_p_default_pkey" PRIMARY KEY ("licence_id", "record_id", "recorded_at");
CREATE INDEX "ix_agreements_buyer_id" ON "public"."agreements" USING "btree" ("buyer_id");
CREATE INDEX "ix_agreements_operator_id" ON "public"."agreements" USING "btree" ("operator_id");
CREATE INDEX "ix_agreements_owner_id" ON "public"."agreements" USING "btree" ("owner_id");
CREATE INDEX "ix_agreements_product_id" ON "public"."agreements" USING "btree" ("product_id");
CREATE INDEX "ix_audit_entries_subject_id" ON "public"."audit_entries" USING "btree" ("subject_id");
CREATE INDEX "ix_authorisation_cells_authorisation_id" ON "public"."authorisation_cells" USING "btree" ("authorisation_id");
CREATE INDEX "ix_authorisation_resources_resource_id" ON "public"."authorisation_resources" USING "btree" ("resource_id");
CREATE INDEX "ix_authorisations_operator_id" ON "public"."authorisations" USING "btree" ("operator_id");
CREATE INDEX "ix_authorisations_owner_id" ON "public"."authorisations" USING "btree" ("owner_id");
CREATE INDEX "ix_card_payments_invoice_id" ON "public"."card_payments" USING "btree" ("invoice_id");
CREATE INDEX "ix_client_secrets_client_id" ON "public"."client_secrets" USING "btree" ("client_id");
CREATE INDEX "ix_clients_organisation_id" ON "public"."clients" USING "btree" ("organisation_id");
CREATE INDEX "ix_contract_reviews_agreement_id" ON "public"."contract_reviews" USING "btree" ("agreement_id");
CREATE INDEX "ix_data_products_authorisation_id" ON "public"."data_products" USING "btree" ("authorisation_id");
CREATE INDEX "ix_data_products_operator_id" ON "public"."data_products" USING "btree" ("operator_id");
CREATE INDEX "ix_data_products_owner_id" ON "public"."data_products" USING "btree" ("owner_id");
CREATE INDEX "ix_data_products_published" ON "public"."data_products" USING "btree" ("id") WHERE (("state")::"text" = 'published'::"text");
CREATE INDEX "ix_data_products_resource_id" ON "public"."data_products" USING "btree" ("resource_id");
CREATE INDEX "ix_data_products_search_terms" ON "public"."data_products" USING "gin" ("search_terms");
CREATE INDEX "ix_data_products_submitted" ON "public"."data_products" USING "btree" ("submitted_at") WHERE (("state")::"text" = 'submitted'::"text");
CREATE INDEX "ix_data_products_themes" ON "public"."data_products" USING "gin" ("themes");
CREATE INDEX "ix_data_resources_owner_id" ON "public"."data_resources" USING "btree" ("owner_id");
CREATE INDEX "ix_identity_evidence_organisation_id" ON "public"."identity_evidence" USING "btree" ("organisation_id");
CREATE INDEX "ix_invitations_organisation_id" ON "public"."invitations" USING "btree" ("organisation_id");
CREATE INDEX "ix_invoices_buyer_id" ON "public"."invoices" USING "btree" ("buyer_id");
CREATE INDEX "ix_invoices_owner_id" ON "public"."invoices" USING "btree" ("owner_id");
CREATE INDEX "ix_ledger_accounts_owner_organisation_id" ON "public"."ledger_accounts" USING "btree" ("owner_organisation_id");
CREATE INDEX "ix_ledger_journals_source" ON "public"."ledger_journals" USING "btree" ("source_kind", "source_id");
CREATE INDEX "ix_ledger_postings_account_id_effective_at" ON "public"."ledger_postings" USING "btree" ("account_id", "effective_at") INCLUDE ("amount");
CREATE INDEX "ix_licence_counters_agreement_id" ON "public"."licence_counters" USING "btree" ("agreement_id");
CREATE INDEX "ix_licences_buyer_id" ON "public"."licences" USING "btree" ("buyer_id");
CREATE INDEX "ix_licences_operator_id" ON "public"."licences" USING "btree" ("operator_id");
CREATE INDEX "ix_licences_owner_id" ON "public"."licences" USING "btree" ("owner_id");
CREATE INDEX "ix_licences_product_id" ON "public"."licences" USING "btree" ("product_id");
CREATE INDEX "ix_memberships_organisation_id" ON "public"."memberships" USING "btree" ("organisation_id");
CREATE INDEX "ix_price_plans_organisation_id" ON "public"."price_plans" USING "btree" ("organisation_id");
CREATE INDEX "ix_quality_reports_revision_id" ON "public"."quality_reports" USING "btree" ("revision_id", "measured_at");
CREATE INDEX "ix_refunds_invoice_id" ON "public"."refunds" USING "btree" ("invoice_id");
CREATE INDEX "ix_resource_rights_resource_id" ON "public"."resource_rights" USING "btree" ("resource_id");
CREATE INDEX "ix_revoked_tokens_expires_at" ON "public"."revoked_tokens" USING "btree" ("expires_at");
CREATE INDEX "ix_sessions_expires_at" ON "public"."sessions" USING "btree" ("expires_at");
CREATE INDEX "ix_sessions_membership_id" ON "public"."sessions" USING "btree" ("membership_id");
CREATE INDEX "ix_sign_in_attempts_last_at" ON "public"."sign_in_attempts" USING "btree" ("last_at");
CREATE INDEX "ix_stops_active" ON "public"."stops" USING "btree" ("subject_id") WHERE ("lifted_at" IS NULL);
CREATE INDEX "pgqueuer_ep_ea_idx" ON "public"."pgqueuer" USING "btree" ("entrypoint", "execute_after") WHERE ("status" = 'queued'::"public"."pgqueuer_status");
CREATE INDEX "pgqueuer_ep_prio_id_idx" ON "public"."pgqueuer" USING "btree" ("entrypoint", "priority" DESC, "id") WHERE ("status" = 'queued'::"public"."pgqueuer_status");
CREATE INDEX "pgqueuer_log_created" ON "public"."pgqueuer_log" USING "btree" ("created");
CREATE INDEX "pgqueuer_log_job_id_status" ON "public"."pgqueuer_log" USING "btree" ("job_id", "created" DESC);
CREATE INDEX "pgqueuer_log_not_aggregated" ON "public"."pgqueuer_log" USING "btree" ((1)) WHERE (NOT "aggregated");
CREATE INDEX "pgqueuer_log_status" ON "public"."pgqueuer_log" USING "btree" ("status");
CREATE INDEX "pgqueuer_picked_heartbeat_idx" ON "public"."pgqueuer" USING "btree" ("heartbeat") WHERE ("status" = 'picked'::"public"."pgqueuer_status");
CREATE UNIQUE INDEX "pgqueuer_picked_slot_idx" ON "public"."pgqueuer" USING "btree" ("entrypoint", "slot") WHERE (("status" = 'picked'::"public"."pgqueuer_status") AND ("slot" IS NOT NULL));
CREATE INDEX "pgqueuer_priority_id_id1_idx" ON "public"."pgqueuer" USING "btree" ("priority", "id" DESC) INCLUDE ("id") WHERE ("status" = 'queued'::"public"."pgqueuer_status");
CREATE INDEX "pgqueuer_queue_manager_id_idx" ON "public"."pgqueuer" USING "btree" ("queue_manager_id") WHERE ("queue_manager_id" IS NOT NULL);
CREATE UNIQUE INDEX "pgqueuer_statistics_unique_count" ON "public"."pgqueuer_statistics" USING "btree" ("priority", "date_trunc"('sec'::"text", "timezone"('UTC'::"text", "created")), "status", "entrypoint");
CREATE UNIQUE INDEX "pgqueuer_unique_dedupe_key" ON "public"."pgqueuer" USING "btree" ("dedupe_key") WHERE (("status" = ANY (ARRAY['queued'::"public"."pgqueuer_status", 'picked'::"public"."pgqueuer_status"])) AND ("dedupe_key" IS NOT NULL));
CREATE INDEX "pgqueuer_updated_id_id1_idx" ON "public"."pgqueuer" USING "btree" ("updated", "id" DESC) INCLUDE ("id") WHERE ("status" = 'picked'::"public"."pgqueuer_status");
CREATE UNIQUE INDEX "uq_card_payments_open" ON "public"."card_payments" USING "btree" ("invoice_id") WHERE (("status")::"text" = ANY ((ARRAY['requested'::character varying, 'requires_action'::character varying])::"text"[]));
CREATE UNIQUE INDEX "uq_refunds_open" ON "public"."refunds" USING "btree" ("invoice_id") WHERE (("status")::"text" = ANY ((ARRAY['requested'::character varying, 'succeeded'::character varying])::"text"[]));
ALTER INDEX "public"."pk_usage_records" ATTACH PARTITION "public"."usage_records_p_202611_pkey";
ALTER INDEX "public"."pk_usage_records" ATTACH PARTITION "public"."usage_records_p_202612_pkey";
ALTER INDEX "public"."pk_usage_records" ATTACH PARTITION "public"."usage_records_p_202701_pkey";
ALTER INDEX "public"."pk_usage_records" ATTACH PARTITION "public"."usage_records_p_default_pkey";
CREATE TRIGGER "agreement_signatures_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."agreement_signatures" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "agreements_keep_terms" BEFORE UPDATE ON "public"."agreements" FOR EACH ROW WHEN ((("old"."document" IS DISTINCT FROM "new"."document") OR (("old"."digest")::"text" IS DISTINCT FROM ("new"."digest")::"text") OR ("old"."buyer_id" IS DISTINCT FROM "new"."buyer_id") OR ("old"."operator_id" IS DISTINCT FROM "new"."operator_id") OR ("old"."owner_id" IS DISTINCT FROM "new"."owner_id") OR ("old"."product_id" IS DISTINCT FROM "new"."product_id"))) EXECUTE FUNCTION "public"."keep_agreement_terms"();
CREATE TRIGGER "audit_entries_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."audit_entries" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "audit_heads_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."audit_heads" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "audit_leaves_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."audit_leaves" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "audit_nodes_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."audit_nodes" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "authorisation_resources_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."authorisation_resources" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "bank_documents_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."bank_documents" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "bank_entries_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."bank_entries" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "bank_matches_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."bank_matches" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "bank_statements_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."bank_statements" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "contract_reviews_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."contract_reviews" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "idempotency_keys_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."idempotency_keys" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "invoice_lines_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."invoice_lines" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "invoices_keep_content" BEFORE UPDATE ON "public"."invoices" FOR EACH ROW EXECUTE FUNCTION "public"."invoices_keep_content"();
CREATE TRIGGER "invoices_stay" BEFORE DELETE OR TRUNCATE ON "public"."invoices" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "ledger_accounts_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."ledger_accounts" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "ledger_journals_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."ledger_journals" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "ledger_journals_not_empty" AFTER INSERT ON "public"."ledger_journals" REFERENCING NEW TABLE AS "added" FOR EACH STATEMENT EXECUTE FUNCTION "public"."ledger_check_journals"();
CREATE TRIGGER "ledger_postings_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."ledger_postings" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "ledger_postings_balanced" AFTER INSERT ON "public"."ledger_postings" REFERENCING NEW TABLE AS "added" FOR EACH STATEMENT EXECUTE FUNCTION "public"."ledger_check_postings"();
CREATE TRIGGER "licence_tokens_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."licence_tokens" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "licences_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."licences" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "payments_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."payments" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "period_closes_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."period_closes" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "price_plans_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."price_plans" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "product_revisions_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."product_revisions" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "quality_reports_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."quality_reports" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "reconciliation_breaks_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."reconciliation_breaks" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "reconciliations_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."reconciliations" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "resource_rights_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."resource_rights" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "rulebook_parameters_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."rulebook_parameters" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "tg_pgqueuer_changed" AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON "public"."pgqueuer" FOR EACH STATEMENT EXECUTE FUNCTION "public"."fn_pgqueuer_changed"();
CREATE TRIGGER "usage_keys_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."usage_keys" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "usage_periods_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."usage_periods" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "usage_records_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."usage_records" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "usage_records_p_202611_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."usage_records_p_202611" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "usage_records_p_202612_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."usage_records_p_202612" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "usage_records_p_202701_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."usage_records_p_202701" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
CREATE TRIGGER "usage_records_p_default_append_only" BEFORE DELETE OR UPDATE OR TRUNCATE ON "public"."usage_records_p_default" FOR EACH STATEMENT EXECUTE FUNCTION "public"."refuse_change"();
ALTER TABLE ONLY "public"."agreement_signatures"
    ADD CONSTRAINT "fk_agreement_signatures_agreement_id_agreements" FOREIGN KEY ("agreement_id") REFERENCES "public"."agreements"("id");
ALTER TABLE ONLY "public"."agreements"
    ADD CONSTRAINT "fk_agreements_buyer_id_organisations" FOREIGN KEY ("buyer_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."agreements"
    ADD CONSTRAINT "fk_agreements_operator_id_organisations" FOREIGN KEY ("operator_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."agreements"
    ADD CONSTRAINT "fk_agreements_owner_id_organisations" FOREIGN KEY ("owner_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."agreements"
    ADD CONSTRAINT "fk_agreements_product_id_data_products" FOREIGN KEY ("product_id") REFERENCES "public"."data_products"("id");
ALTER TABLE ONLY "public"."audit_leaves"
    ADD CONSTRAINT "fk_audit_leaves_entry_id_audit_entries" FOREIGN KEY ("entry_id") REFERENCES "public"."audit_entries"("id");
ALTER TABLE ONLY "public"."authorisation_cells"
    ADD CONSTRAINT "fk_authorisation_cells_authorisation_id_authorisations" FOREIGN KEY ("authorisation_id") REFERENCES "public"."authorisations"("id");
ALTER TABLE ONLY "public"."authorisation_resources"
    ADD CONSTRAINT "fk_authorisation_resources_authorisation_id_authorisations" FOREIGN KEY ("authorisation_id") REFERENCES "public"."authorisations"("id");
ALTER TABLE ONLY "public"."authorisation_resources"
    ADD CONSTRAINT "fk_authorisation_resources_resource_id_data_resources" FOREIGN KEY ("resource_id") REFERENCES "public"."data_resources"("id");
ALTER TABLE ONLY "public"."authorisation_resources"
    ADD CONSTRAINT "fk_authorisation_resources_right_id_resource_rights" FOREIGN KEY ("right_id") REFERENCES "public"."resource_rights"("id");
ALTER TABLE ONLY "public"."authorisations"
    ADD CONSTRAINT "fk_authorisations_operator_id_organisations" FOREIGN KEY ("operator_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."authorisations"
    ADD CONSTRAINT "fk_authorisations_owner_id_organisations" FOREIGN KEY ("owner_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."bank_entries"
    ADD CONSTRAINT "fk_bank_entries_bank_statement_id_bank_statements" FOREIGN KEY ("bank_statement_id") REFERENCES "public"."bank_statements"("id");
ALTER TABLE ONLY "public"."bank_matches"
    ADD CONSTRAINT "fk_bank_matches_entry_id_bank_entries" FOREIGN KEY ("entry_id") REFERENCES "public"."bank_entries"("id");
ALTER TABLE ONLY "public"."bank_matches"
    ADD CONSTRAINT "fk_bank_matches_invoice_id_invoices" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id");
ALTER TABLE ONLY "public"."bank_statements"
    ADD CONSTRAINT "fk_bank_statements_document_digest_bank_documents" FOREIGN KEY ("document_digest") REFERENCES "public"."bank_documents"("digest");
ALTER TABLE ONLY "public"."card_payments"
    ADD CONSTRAINT "fk_card_payments_invoice_id_invoices" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id");
ALTER TABLE ONLY "public"."client_secrets"
    ADD CONSTRAINT "fk_client_secrets_client_id_clients" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id");
ALTER TABLE ONLY "public"."clients"
    ADD CONSTRAINT "fk_clients_organisation_id_organisations" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."contract_reviews"
    ADD CONSTRAINT "fk_contract_reviews_agreement_id_agreements" FOREIGN KEY ("agreement_id") REFERENCES "public"."agreements"("id");
ALTER TABLE ONLY "public"."data_products"
    ADD CONSTRAINT "fk_data_products_authorisation_id_authorisations" FOREIGN KEY ("authorisation_id") REFERENCES "public"."authorisations"("id");
ALTER TABLE ONLY "public"."data_products"
    ADD CONSTRAINT "fk_data_products_operator_id_organisations" FOREIGN KEY ("operator_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."data_products"
    ADD CONSTRAINT "fk_data_products_owner_id_organisations" FOREIGN KEY ("owner_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."data_products"
    ADD CONSTRAINT "fk_data_products_plan_id_price_plans" FOREIGN KEY ("plan_id") REFERENCES "public"."price_plans"("id");
ALTER TABLE ONLY "public"."data_products"
    ADD CONSTRAINT "fk_data_products_resource_id_data_resources" FOREIGN KEY ("resource_id") REFERENCES "public"."data_resources"("id");
ALTER TABLE ONLY "public"."data_resources"
    ADD CONSTRAINT "fk_data_resources_owner_id_organisations" FOREIGN KEY ("owner_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."identity_evidence"
    ADD CONSTRAINT "fk_identity_evidence_organisation_id_organisations" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."invitations"
    ADD CONSTRAINT "fk_invitations_accepted_by_people" FOREIGN KEY ("accepted_by") REFERENCES "public"."people"("id");
ALTER TABLE ONLY "public"."invitations"
    ADD CONSTRAINT "fk_invitations_organisation_id_organisations" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."invoice_lines"
    ADD CONSTRAINT "fk_invoice_lines_invoice_id_invoices" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id");
ALTER TABLE ONLY "public"."ledger_journals"
    ADD CONSTRAINT "fk_ledger_journals_reverses_id_ledger_journals" FOREIGN KEY ("reverses_id") REFERENCES "public"."ledger_journals"("id");
ALTER TABLE ONLY "public"."licence_tokens"
    ADD CONSTRAINT "fk_licence_tokens_licence_id_licences" FOREIGN KEY ("licence_id") REFERENCES "public"."licences"("id");
ALTER TABLE ONLY "public"."licences"
    ADD CONSTRAINT "fk_licences_agreement_id_agreements" FOREIGN KEY ("agreement_id") REFERENCES "public"."agreements"("id");
ALTER TABLE ONLY "public"."licences"
    ADD CONSTRAINT "fk_licences_buyer_id_organisations" FOREIGN KEY ("buyer_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."licences"
    ADD CONSTRAINT "fk_licences_operator_id_organisations" FOREIGN KEY ("operator_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."licences"
    ADD CONSTRAINT "fk_licences_owner_id_organisations" FOREIGN KEY ("owner_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."licences"
    ADD CONSTRAINT "fk_licences_product_id_data_products" FOREIGN KEY ("product_id") REFERENCES "public"."data_products"("id");
ALTER TABLE ONLY "public"."memberships"
    ADD CONSTRAINT "fk_memberships_organisation_id_organisations" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."memberships"
    ADD CONSTRAINT "fk_memberships_person_id_people" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id");
ALTER TABLE ONLY "public"."payments"
    ADD CONSTRAINT "fk_payments_invoice_id_invoices" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id");
ALTER TABLE ONLY "public"."period_closes"
    ADD CONSTRAINT "fk_period_closes_invoice_id_invoices" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id");
ALTER TABLE ONLY "public"."price_plans"
    ADD CONSTRAINT "fk_price_plans_organisation_id_organisations" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."price_plans"
    ADD CONSTRAINT "fk_price_plans_supersedes_price_plans" FOREIGN KEY ("supersedes") REFERENCES "public"."price_plans"("id");
ALTER TABLE ONLY "public"."product_revisions"
    ADD CONSTRAINT "fk_product_revisions_product_id_data_products" FOREIGN KEY ("product_id") REFERENCES "public"."data_products"("id");
ALTER TABLE ONLY "public"."quality_reports"
    ADD CONSTRAINT "fk_quality_reports_run_id_quality_runs" FOREIGN KEY ("run_id") REFERENCES "public"."quality_runs"("id");
ALTER TABLE ONLY "public"."reconciliation_breaks"
    ADD CONSTRAINT "fk_reconciliation_breaks_reconciliation_id_reconciliations" FOREIGN KEY ("reconciliation_id") REFERENCES "public"."reconciliations"("id");
ALTER TABLE ONLY "public"."refunds"
    ADD CONSTRAINT "fk_refunds_invoice_id_invoices" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id");
ALTER TABLE ONLY "public"."refunds"
    ADD CONSTRAINT "fk_refunds_payment_id_payments" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id");
ALTER TABLE ONLY "public"."resource_rights"
    ADD CONSTRAINT "fk_resource_rights_holder_id_organisations" FOREIGN KEY ("holder_id") REFERENCES "public"."organisations"("id");
ALTER TABLE ONLY "public"."resource_rights"
    ADD CONSTRAINT "fk_resource_rights_resource_id_data_resources" FOREIGN KEY ("resource_id") REFERENCES "public"."data_resources"("id");
ALTER TABLE ONLY "public"."revoked_tokens"
    ADD CONSTRAINT "fk_revoked_tokens_client_id_clients" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id");
ALTER TABLE ONLY "public"."sessions"
    ADD CONSTRAINT "fk_sessions_membership_id_memberships" FOREIGN KEY ("membership_id") REFERENCES "public"."memberships"("id") ON DELETE CASCADE;
GRANT USAGE ON SCHEMA "public" TO "market_service";
REVOKE ALL ON FUNCTION "public"."admit_calls"("p_licences" "uuid"[], "p_slots" integer[], "p_records" "uuid"[], "p_keys" "text"[], "p_digests" "bytea"[], "p_calls" integer[], "p_rows" integer[], "p_bytes" bigint[], "p_revisions" "uuid"[], "p_purposes" "text"[], "p_clients" "uuid"[], "p_bounds" integer[], OUT "recorded_at" timestamp with time zone, OUT "periods" integer[], OUT "left_calls" bigint[], OUT "left_rows" bigint[], OUT "reasons" "text"[], OUT "outcomes" "text"[], OUT "first_records" "uuid"[]) FROM PUBLIC;
GRANT ALL ON FUNCTION "public"."admit_calls"("p_licences" "uuid"[], "p_slots" integer[], "p_records" "uuid"[], "p_keys" "text"[], "p_digests" "bytea"[], "p_calls" integer[], "p_rows" integer[], "p_bytes" bigint[], "p_revisions" "uuid"[], "p_purposes" "text"[], "p_clients" "uuid"[], "p_bounds" integer[], OUT "recorded_at" timestamp with time zone, OUT "periods" integer[], OUT "left_calls" bigint[], OUT "left_rows" bigint[], OUT "reasons" "text"[], OUT "outcomes" "text"[], OUT "first_records" "uuid"[]) TO "market_service";
REVOKE ALL ON FUNCTION "public"."close_period"("p_licence" "uuid", OUT "period_no" integer, OUT "opened_at" timestamp with time zone, OUT "closed_at" timestamp with time zone, OUT "calls" bigint, OUT "rows" bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION "public"."close_period"("p_licence" "uuid", OUT "period_no" integer, OUT "opened_at" timestamp with time zone, OUT "closed_at" timestamp with time zone, OUT "calls" bigint, OUT "rows" bigint) TO "market_service";
REVOKE ALL ON FUNCTION "public"."ensure_usage_partitions"("p_months_ahead" integer) FROM PUBLIC;
GRANT ALL ON FUNCTION "public"."ensure_usage_partitions"("p_months_ahead" integer) TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."agreement_signatures" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."agreements" TO "market_service";
GRANT SELECT ON TABLE "public"."alembic_version" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."audit_entries" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."audit_heads" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."audit_leaves" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."audit_nodes" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."authorisation_cells" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."authorisation_resources" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."authorisations" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."bank_documents" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."bank_entries" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."bank_matches" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."bank_statements" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."card_events" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."card_payments" TO "market_service";
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE "public"."client_secrets" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."clients" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."contract_reviews" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."data_products" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."data_resources" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."idempotency_keys" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."identity_evidence" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."invitations" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."invoice_lines" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."invoice_series" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."invoices" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."ledger_accounts" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."ledger_journals" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."ledger_postings" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."licence_counters" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."licence_tokens" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."licences" TO "market_service";
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE "public"."memberships" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."organisations" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."payments" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."people" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."period_closes" TO "market_service";
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE "public"."pgqueuer" TO "market_service";
GRANT USAGE ON SEQUENCE "public"."pgqueuer_id_seq" TO "market_service";
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE "public"."pgqueuer_log" TO "market_service";
GRANT USAGE ON SEQUENCE "public"."pgqueuer_log_id_seq" TO "market_service";
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE "public"."pgqueuer_schedules" TO "market_service";
GRANT USAGE ON SEQUENCE "public"."pgqueuer_schedules_id_seq" TO "market_service";
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE "public"."pgqueuer_statistics" TO "market_service";
GRANT USAGE ON SEQUENCE "public"."pgqueuer_statistics_id_seq" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."price_plans" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."product_revisions" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."quality_reports" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."quality_runs" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."reconciliation_breaks" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."reconciliations" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."refunds" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."resource_rights" TO "market_service";
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE "public"."revoked_tokens" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."rulebook_parameters" TO "market_service";
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE "public"."sessions" TO "market_service";
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE "public"."sign_in_attempts" TO "market_service";
GRANT SELECT,INSERT,UPDATE ON TABLE "public"."stops" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."usage_keys" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."usage_periods" TO "market_service";
GRANT SELECT,INSERT ON TABLE "public"."usage_records" TO "market_service";
