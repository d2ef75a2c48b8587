-- partition: ds STRING by keys
-- input: raw.logs by ds (ds STRING, level STRING, message STRING)
-- read: raw.logs window ds 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: keys pass through GROUP BY unchanged: an identity edge of equal types.
-- run: no (keys)
SELECT ds, level, count(*) AS messages
FROM {{ source('raw', 'logs') }}
GROUP BY ds, level
