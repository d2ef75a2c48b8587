-- partition: event_day DATE by day
-- input: raw.events by ts (id STRING, ts TIMESTAMP, payload STRING) unique id ts
-- read: raw.events window ts 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the day is among the PARTITION BY; `* EXCEPT` hides the number.
select * except (rn) from (
  select *, date(ts) as event_day, row_number() over (partition by date(ts), id order by ts desc) as rn
  from {{ source('raw', 'events') }}
)
where rn = 1
