-- One chunk asks once. KEYS: answers, counter, exact shards 1..E, near shards 1..N.
-- ARGV: field of the chunk, E, N, capacity, bands that must agree, then for each record:
--   shard of its hash (1-based), hash, number of bands, and for each band: shard (1-based), band.
-- Returns {answers, counter}: a digit a record (0 new, 1 exact copy, 2 near copy), and how many records
-- the run's filters hold.
local known = redis.call('HGET', KEYS[1], ARGV[1])
local counter = tonumber(redis.call('GET', KEYS[2]) or '-1')
local exact_shards, near_shards = tonumber(ARGV[2]), tonumber(ARGV[3])
if counter < 0 then return redis.error_reply('FOREBAY_MISSING') end
if known then return {known, counter} end
for shard = 3, 2 + exact_shards + near_shards do
  if redis.call('EXISTS', KEYS[shard]) == 0 then return redis.error_reply('FOREBAY_MISSING') end
end

-- looked at before anything is added: a script that stops half-way is not undone, and the records that it
-- had added would meet themselves at the next try
local records, at = 0, 6
while at <= #ARGV do
  records = records + 1
  at = at + 3 + 2 * tonumber(ARGV[at + 2])
end
if counter + records > tonumber(ARGV[4]) then return redis.error_reply('FOREBAY_FULL') end

local agreeing = tonumber(ARGV[5])
local answers, added = {}, 0
at = 6
while at <= #ARGV do
  local exact_key, hash, bands = KEYS[2 + tonumber(ARGV[at])], ARGV[at + 1], tonumber(ARGV[at + 2])
  local answer = '0'
  if redis.call('BF.EXISTS', exact_key, hash) == 1 then
    answer = '1'
  end
  -- bands by their filter, one command a filter: calling a command costs more than what it does
  local filters, items = {}, {}
  if answer == '0' and bands > 0 then
    for band = 0, bands - 1 do
      local key = KEYS[2 + exact_shards + tonumber(ARGV[at + 3 + 2 * band])]
      if not items[key] then
        items[key] = {}
        filters[#filters + 1] = key
      end
      table.insert(items[key], ARGV[at + 4 + 2 * band])
    end
    local agree = 0
    for _, key in ipairs(filters) do
      for _, found in ipairs(redis.call('BF.MEXISTS', key, unpack(items[key]))) do agree = agree + found end
    end
    if agree >= agreeing then answer = '2' end
  end
  if answer == '0' then
    -- BF.INSERT … NOCREATE, never BF.ADD: a filter that vanished must not come back empty
    redis.call('BF.INSERT', exact_key, 'NOCREATE', 'ITEMS', hash)
    for _, key in ipairs(filters) do
      redis.call('BF.INSERT', key, 'NOCREATE', 'ITEMS', unpack(items[key]))
    end
    added = added + 1
  end
  answers[#answers + 1] = answer
  at = at + 3 + 2 * bands
end
counter = redis.call('INCRBY', KEYS[2], added)
local text = table.concat(answers)
redis.call('HSET', KEYS[1], ARGV[1], text)
return {text, counter}
