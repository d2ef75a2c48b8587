-- partition: block_number bigint by 1000
-- input: chain.transactions by block_number (tx_hash text, block_number bigint, fee numeric(38,0))
-- input: chain.blocks by number (number bigint, miner text)
-- read: chain.transactions window block_number 0..0
-- read: chain.blocks window number 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: integer partitions: equality in ON takes the range to the blocks.
-- run: no (38 digits)
select t.block_number, b.miner, count(*) as transactions, sum(t.fee) as fees
from {{ source('chain', 'transactions') }} as t
join {{ source('chain', 'blocks') }} as b on b.number = t.block_number
group by t.block_number, b.miner
