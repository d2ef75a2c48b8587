-- partition: ds DATE by day
-- input: web by event_date (user_id STRING, event_date DATE)
-- input: app by ts_ms (user_id STRING, ts_ms BIGINT~epoch_ms)
-- read: web window event_date 0..0
-- read: app window ts_ms 0..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (timestamp_millis is not transpiled)
-- because: one arm has the date, the other milliseconds since 1970.
select ds, platform, count(distinct user_id) as users from (
    select event_date as ds, user_id, 'web' as platform from {{ ref('web') }}
    union all
    select to_date(timestamp_millis(ts_ms)) as ds, user_id, 'app' as platform from {{ ref('app') }}
) t
group by ds, platform
