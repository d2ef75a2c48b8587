-- partition: reading_date DATE by day
-- input: readings by read_at (sensor_id BIGINT, read_at TIMESTAMP, value DOUBLE)
-- read: readings past read_at ..0 or null, WINDOW_OMITS_P
-- verdict: refuted
-- also: TIES
-- strategies: range
-- because: the last known value may be from long ago: the default frame is (-inf, hi). Two
--   readings of one moment are a tie that later days see too: where the last value of a day is NULL, an
--   earlier day's last one is shown, and two queries may take another for it.
SELECT
    to_date(read_at) AS reading_date,
    sensor_id,
    read_at,
    last_value(value, true) OVER (PARTITION BY sensor_id ORDER BY read_at) AS known_value
FROM {{ ref('readings') }}
