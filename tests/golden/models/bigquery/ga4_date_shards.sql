-- partition: event_day DATE by day
-- input: ga4.events by _table_suffix (event_date STRING, _table_suffix STRING, event_name STRING)
-- read: ga4.events unknown, P_OPAQUE
-- also: BOUND_AS_VALUE
-- verdict: unproven
-- strategies: partition
-- because: event_date is raw text, and the suffix is compared with a text made of the bound: not the same
--   as the partition's own filter, so T2 does not apply and the model runs at its declared grain.
-- run: no (no values for suffixes)
select parse_date('%Y%m%d', event_date) as event_day, event_name, count(*) as events
from {{ source('ga4', 'events') }}
where _table_suffix between format_date('%Y%m%d', date '{{ partition.start }}')
  and format_date('%Y%m%d', date_sub(date '{{ partition.end }}', interval 1 day))
group by 1, 2
