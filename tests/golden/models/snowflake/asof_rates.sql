-- partition: payment_date DATE by day
-- input: payments by paid_at (payment_id NUMBER, currency VARCHAR, paid_at TIMESTAMP_NTZ, amount NUMBER(12, 2))
-- input: fx_rates by rate_at (currency VARCHAR, rate_at TIMESTAMP_NTZ, rate FLOAT)
-- read: payments window paid_at 0..0
-- read: fx_rates past rate_at ..0, ASOF_PAST
-- verdict: refuted
-- strategies: range chunk partition
-- because: MATCH_CONDITION takes the last rate before the payment, however old.
-- run: no (ASOF is not transpiled)
select p.payment_id, p.paid_at::date as payment_date, p.amount * r.rate as amount_eur
from {{ ref('payments') }} as p
asof join {{ ref('fx_rates') }} as r
    match_condition (p.paid_at >= r.rate_at)
    on p.currency = r.currency
