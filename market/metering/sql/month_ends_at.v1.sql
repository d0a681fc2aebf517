-- When a calendar month ends in a time zone: midnight of the first day of the next one. Where that midnight comes twice,
-- because clocks are set back over it, it is the first; where it does not come, because they are set forward, it is the
-- moment at which they are.
CREATE FUNCTION month_ends_at(p_month date, p_zone text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = @schema@, pg_temp AS $$
    SELECT min(c.moment)
      FROM (SELECT m.midnight,
                   (m.midnight AT TIME ZONE p_zone) - back * interval '15 minutes' AS moment, back
              FROM (SELECT date_trunc('month', p_month::timestamp) + interval '1 month' AS midnight) m,
                   generate_series(0, 12) AS back) c
     WHERE c.back = 0 OR c.moment AT TIME ZONE p_zone = c.midnight
$$;
