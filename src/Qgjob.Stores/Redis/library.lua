#!lua name=QGJOB
-- The journal's writes, each whole or not at all. What a row means and which indexes it has is decided by the
-- server that sends the writes; here only: whether they may happen, and in which order they did.
-- Every key has the store's prefix, one hash tag, so that a cluster keeps a store on one shard.

-- Lists of writes: operation, key, arguments as a MessagePack array; over and over.
local kinds = { HSET = 'hash', HDEL = 'hash', ZADD = 'zset', ZREM = 'zset', SADD = 'set', SREM = 'set', XADD = 'stream' }

-- A function that fails half-way keeps its first half, so whatever can make a write fail is looked at before the first.
local function refusal(args, at)
  local checked = {}
  while at <= #args do
    local op, key = args[at], args[at + 1]
    if not checked[op] then
      checked[op] = true
      if not redis.acl_check_cmd(op, key) then return 'the user may not ' .. op .. ' ' .. key end
    end
    local kind = redis.call('TYPE', key).ok
    if kinds[op] and kind ~= 'none' and kind ~= kinds[op] then return key .. ' is a ' .. kind .. ', not a ' .. kinds[op] end
    at = at + 3
  end
end

local function write(args, at)
  while at <= #args do
    redis.call(args[at], args[at + 1], unpack(cmsgpack.unpack(args[at + 2])))
    at = at + 3
  end
end

local function text(number) return string.format('%.0f', number) end

-- keys: head, feed, ids, importing. args: number and id of the commit that this one follows (id '*': whichever),
-- number, id, revision and event of this one, its rows as text, who sends it, commits kept, bytes kept, channel, writes.
local function commit(keys, args)
  local head = redis.call('HMGET', keys[1], 'commit', 'id', 'feed_first', 'feed_bytes')
  local before = tonumber(head[1] or '0')
  if before ~= tonumber(args[1]) or (args[2] ~= '*' and args[2] ~= (head[2] or '')) then return 'behind' end
  if before == 0 and redis.call('EXISTS', keys[4]) == 1 then return 'leftovers' end
  local reason = refusal(args, 12)
  if reason then return redis.error_reply('QGJOB ' .. reason) end

  write(args, 12)
  local number = before + 1
  local first = tonumber(head[3] or args[3])
  local bytes = tonumber(head[4] or '0') + #args[7]
  redis.call('HSET', keys[2], args[3], args[7])
  redis.call('HSET', keys[3], text(before), head[2] or '', args[3], args[4])
  while first < number and (number - first >= tonumber(args[9]) or bytes > tonumber(args[10])) do
    bytes = bytes - redis.call('HSTRLEN', keys[2], text(first))
    redis.call('HDEL', keys[2], text(first))
    redis.call('HDEL', keys[3], text(first - 1))
    first = first + 1
  end
  redis.call('HSET', keys[1], 'commit', args[3], 'id', args[4], 'revision', args[5], 'event', args[6],
    'feed_first', text(first), 'feed_bytes', text(bytes))
  -- Only a hint: a user who may not publish makes the others look once a second.
  redis.pcall('PUBLISH', args[11], args[8])
  return 'written'
end

-- keys: head, feed, ids. args: number of a commit, its id ('*': whichever), bytes to give.
-- 'unknown' when that commit is not of this history, or what followed is not kept any more.
local function since(keys, args)
  local head = redis.call('HMGET', keys[1], 'commit', 'id', 'feed_first')
  local latest, number = tonumber(head[1] or '0'), tonumber(args[1])
  if number > latest then return { 'unknown' } end
  local id = head[2] or ''
  if number < latest then
    if number + 1 < tonumber(head[3] or text(latest + 1)) then return { 'unknown' } end
    id = redis.call('HGET', keys[3], args[1]) or ''
  end
  if args[2] ~= '*' and args[2] ~= id then return { 'unknown' } end
  local found, bytes = { 'known' }, 0
  while number < latest and bytes < tonumber(args[3]) do
    number = number + 1
    local rows = redis.call('HGET', keys[2], text(number))
    if not rows then return { 'unknown' } end
    found[#found + 1] = rows
    bytes = bytes + #rows
  end
  return found
end

-- keys: head, runs, unfinished runs, held. args: the run, writes.
local function purge(keys, args)
  if redis.call('HEXISTS', keys[2], args[1]) == 0 then return 'gone' end
  if redis.call('SISMEMBER', keys[3], args[1]) == 1 then return 'live' end
  for _, run in ipairs(redis.call('HVALS', keys[4])) do
    if run == args[1] then return 'held' end
  end
  local reason = refusal(args, 2)
  if reason then return redis.error_reply('QGJOB ' .. reason) end
  write(args, 2)
  redis.call('HINCRBY', keys[1], 'purges', 1)
  return 'written'
end

local function written_to(head) return tonumber(redis.call('HGET', head, 'commit') or '0') > 0 end

-- An import holds the store under its token; who comes later takes over, and the earlier one stops.
-- keys: head, importing. args: token.
local function import_begin(keys, args)
  if written_to(keys[1]) then return 'not_empty' end
  redis.call('SET', keys[2], args[1])
  return 'written'
end

-- keys: head, importing. args: token, writes.
local function import_part(keys, args)
  if written_to(keys[1]) then return 'not_empty' end
  if redis.call('GET', keys[2]) ~= args[1] then return 'taken' end
  local reason = refusal(args, 2)
  if reason then return redis.error_reply('QGJOB ' .. reason) end
  write(args, 2)
  return 'written'
end

-- keys: head, importing. args: token, commit, id, revision, event.
local function import_end(keys, args)
  if written_to(keys[1]) then return 'not_empty' end
  if redis.call('GET', keys[2]) ~= args[1] then return 'taken' end
  redis.call('HSET', keys[1], 'commit', args[2], 'id', args[3], 'revision', args[4], 'event', args[5])
  redis.call('DEL', keys[2])
  return 'written'
end

-- keys: any key of the store. args: commands. Those that the user may not use on it.
local function forbidden(keys, args)
  local found = {}
  for _, command in ipairs(args) do
    if not redis.acl_check_cmd(command, keys[1]) then found[#found + 1] = command end
  end
  return found
end

-- Without the flag allow-oom Redis refuses a function that may write before it starts, when its memory is full.
redis.register_function('QGJOB_commit', commit)
redis.register_function('QGJOB_purge', purge)
redis.register_function('QGJOB_import_begin', import_begin)
redis.register_function('QGJOB_import_part', import_part)
redis.register_function('QGJOB_import_end', import_end)
redis.register_function{ function_name = 'QGJOB_since', callback = since, flags = { 'no-writes' } }
redis.register_function{ function_name = 'QGJOB_forbidden', callback = forbidden, flags = { 'no-writes' } }
