-- partition: event_hour TIMESTAMP_NTZ by hour
-- input: raw.metrics by measured_at (host STRING, measured_at TIMESTAMP_NTZ, value DOUBLE)
-- read: raw.metrics window measured_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: truncation to the hour of a reading: the hour's own ends.
SELECT date_trunc('HOUR', measured_at) AS event_hour, host, avg(value) AS mean, max(value) AS highest
FROM {{ source('raw', 'metrics') }}
GROUP BY 1, 2
