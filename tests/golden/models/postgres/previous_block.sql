-- partition: number bigint by 1000
-- input: chain.blocks by number (number bigint, miner text, mined_at timestamp)
-- read: chain.blocks window number -1..0
-- verdict: proven
-- strategies: range chunk partition
-- because: number - 1 in ON: [lo - 1, hi - 1), one block of the partition before.
select b.number, b.miner, b.mined_at - p.mined_at as took
from {{ source('chain', 'blocks') }} as b
left join {{ source('chain', 'blocks') }} as p on p.number = b.number - 1
