-- partition: reading_date DATE by day
-- input: readings by read_at (sensor_id BIGINT, read_at TIMESTAMP, value DOUBLE)
-- read: readings past read_at ..0 or null, WINDOW_OMITS_P
-- verdict: refuted
-- strategies: range chunk partition
-- because: the last known value may be from long ago: the default frame is (-inf, hi); its order key
--   determines the day.
SELECT
    to_date(read_at) AS reading_date,
    sensor_id,
    read_at,
    last_value(value, true) OVER (PARTITION BY sensor_id ORDER BY read_at) AS known_value
FROM {{ ref('readings') }}
