-- partition: invoice_date date by day
-- input: invoices by invoice_date (id bigint, customer_id bigint, invoice_date date)
-- input: payments by paid_on (invoice_id bigint, paid_on date, amount numeric(12,2))
-- read: invoices window invoice_date 0..0
-- read: payments window paid_on 0..93
-- verdict: proven
-- strategies: range chunk partition
-- because: within three months after the invoice: hi + 3 months + 1 d by the rule of months; three months
--   have at most 92 days, so the last touched day is the 93rd after it.
select i.invoice_date, i.id, sum(p.amount) as paid
from {{ ref('invoices') }} as i
left join {{ ref('payments') }} as p
    on p.invoice_id = i.id
    and p.paid_on >= i.invoice_date
    and p.paid_on < i.invoice_date + interval '3 months'
group by i.invoice_date, i.id
