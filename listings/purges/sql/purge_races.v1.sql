-- Whether a regulator has ordered a revision to be destroyed, whoever has confirmed it yet; not where the order was rejected.
CREATE FUNCTION is_to_be_purged(p_revision uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = @schema@, pg_temp AS $$
    SELECT EXISTS (SELECT FROM purge_orders o WHERE p_revision = ANY (o.revision_ids) AND o.status <> 'rejected')
$$;

-- What is written of a purged revision is empty: a check, a draw or a search that had read its file may end after the purge.
-- The argument is a JSON object of the members that are emptied.
CREATE FUNCTION empty_of_purged() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_purged timestamptz;
BEGIN
    -- Locked, so that a purge which comes after it waits for this row and empties it, and one before it is seen.
    SELECT purged_at INTO v_purged FROM product_revisions WHERE id = NEW.revision_id FOR SHARE;
    IF v_purged IS NOT NULL THEN
        NEW := jsonb_populate_record(NEW, TG_ARGV[0]::jsonb);
    END IF;
    RETURN NEW;
END
$$;
