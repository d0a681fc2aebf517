-- The form in which texts are compared: lower case, compatibility characters replaced (NFKC).
CREATE FUNCTION search_text(source text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(normalize(coalesce(source, ''), NFKC))
$$;

-- Every substring of one and of two characters: an index over them finds any substring, in any script.
CREATE FUNCTION search_grams(source text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = @schema@, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT substr(folded, place, size)), '{}')
      FROM search_text(source) AS folded, generate_series(1, 2) AS size,
           generate_series(1, length(folded) - size + 1) AS place
$$;

GRANT EXECUTE ON FUNCTION search_text(text), search_grams(text) TO @service_role@;
REVOKE ALL ON FUNCTION search_text(text), search_grams(text) FROM PUBLIC;
