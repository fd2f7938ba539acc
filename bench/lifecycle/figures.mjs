// Makes the figures of docs/performance.md; see run beside it for the options.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

const { values: given } = parseArgs({
  options: {
    page: { type: 'string' },
    lifecycle: { type: 'string' },
    server: { type: 'string' },
    peers: { type: 'string', default: process.env.QGJOB_BENCH_PEERS ?? '' },
    rounds: { type: 'string', default: '3' },
    stores: { type: 'string', default: 'sqlite,postgres,redis,memory' },
    write: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    finished: { type: 'string', default: '10000000' },
    queued: { type: 'string', default: '1000000' },
    scale: { type: 'string', default: '1' }, // of the numbers of jobs, to try the script out
  },
});
const stores = given.stores.split(',');
const rounds = Number(given.rounds);
const scaled = (jobs) => Math.round(jobs * Number(given.scale));
// Not scaled: with fewer, what is measured is the server's compiling.
const warm = { one: 25000, batch: 100000 };
const figures = new Map(); // "qgjob sqlite one" -> [[rate, p50, p99], …]
const cores = new Map();
const failed = [];

/** Runs a program and takes the figures from its lines. */
function measure(program, args, env = {}, limit = 600) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const timer = setTimeout(() => child.kill(), limit * 1000);
    let text = '';
    let errors = '';
    child.stdout.on('data', (chunk) => { text += chunk; process.stderr.write(chunk); });
    child.stderr.on('data', (chunk) => { errors += chunk; });
    child.on('error', (e) => { errors += e; });
    child.on('close', (code) => {
      clearTimeout(timer);
      let key;
      for (const line of text.split('\n')) {
        const [peer, store, mode, ...numbers] = line.split(' ');
        if (line.startsWith('# cores: ') && key) cores.set(key, line.slice(9));
        else if (numbers.length >= 3 && numbers.every((n) => n === '-' || !Number.isNaN(Number(n)))) {
          key = `${peer} ${store} ${mode}`;
          figures.set(key, [...(figures.get(key) ?? []), numbers.map(Number)]);
        }
      }
      if (code !== 0) failed.push(`\`${[program.split('/').pop(), ...args.filter((a) => !a.includes('/'))].join(' ')}\`: ${(errors.trim().split("\n").filter((l) => !/^\w+: history/.test(l)).find((l) => l) ?? `ended with ${code}`).slice(0, 300)}`);
      resolve();
    });
  });
}
const qgjob = (store, mode, ...more) => measure(given.lifecycle, ['--server', given.server, '--store', store, '--mode', mode, ...more.map(String)], {}, 7200);
const peer = (name, jobs) => given.peers ? measure('bash', [`${given.peers}/run.sh`, name], { RUNS: '1', LAT: '60', ...(jobs ? { N: String(jobs) } : {}) }) : undefined;

/** The median of a column over the rounds; undefined when nothing was measured. */
function median(key, column) {
  const values = (figures.get(key) ?? []).map((f) => f[column]).filter((n) => !Number.isNaN(n)).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)];
}
const digits = (number, places = 0) => number === undefined ? '–' : number.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
const row = (...cells) => `| ${cells.join(' | ')} |`;
const table = (headers, rows) => [row(...headers), row(...headers.map(() => '---')), ...rows];
const best = (...keys) => keys.map((k) => median(k, 0)).filter((n) => n !== undefined).sort((a, b) => b - a)[0];
const goals = [];
function goal(what, wanted, measured, reached) {
  const met = measured === undefined ? 'not measured' : reached(measured) ? 'met' : '**missed**';
  goals.push(row(what, wanted, measured === undefined ? '–' : digits(measured, measured < 100 ? 2 : 0), met));
}
function ratio(what, mine, theirs, times) {
  const [a, b] = [median(mine, 0), theirs];
  goal(what, b === undefined ? `≥ ${times} × (peer not measured)` : `≥ ${times} × ${digits(b)} = ${digits(times * b)}`, a, (n) => b !== undefined && n >= times * b);
}

async function all() {
  for (let round = 0; round < rounds; round++) {
    // In turns, so that whatever else the machine does falls on everybody.
    const turns = { sqlite: () => peer('hangfire-inmemory', scaled(20000)), postgres: async () => { await peer('graphile', scaled(1) === 1 ? undefined : scaled(10000)); await peer('bullmq-pg', scaled(5000)); }, redis: () => peer('bullmq-redis', scaled(20000)) };
    for (const store of stores) {
      await qgjob(store, 'one', '--jobs', scaled(15000), '--warm-up', warm.one, '--runs', 1);
      await turns[store]?.();
      await qgjob(store, 'batch', '--jobs', scaled(60000), '--warm-up', warm.batch, '--runs', 1);
    }
    if (round === 0) await peer('sqlite', scaled(20000));
  }
  for (const store of stores) await qgjob(store, 'pickup', '--jobs', 200);
  await qgjob(stores.includes('postgres') ? 'postgres' : stores[0], 'renew', '--seconds', 20, '--devices', scaled(50000));

  const floor = median('sqlite file life1-full', 0);
  const pgOne = best('graphile-worker postgres one:life', 'bullmq postgres one:life', 'pg-boss postgres one:life');
  const pgBatch = best('graphile-worker postgres batch:life', 'bullmq postgres batch:life', 'pg-boss postgres batch:life');
  ratio('PostgreSQL, one by one, jobs/s: 5 × the best peer', 'qgjob postgres one', pgOne, 5);
  ratio('PostgreSQL, batch, jobs/s: 1.5 × the best peer', 'qgjob postgres batch', pgBatch, 1.5);
  ratio('Redis (AOF), one by one over HTTP, jobs/s: 0.5 × BullMQ within its process', 'qgjob redis one', median('bullmq redis-aof one:life', 0), 0.5);
  ratio('Redis (AOF), batch, jobs/s: 3 × BullMQ', 'qgjob redis batch', median('bullmq redis-aof batch:life', 0), 3);
  ratio('SQLite (FULL), one by one, jobs/s: 2 × its own floor', 'qgjob sqlite one', floor, 2);
  ratio('SQLite (FULL), batch, jobs/s: 2.5 × Hangfire in memory', 'qgjob sqlite batch', best('hangfire inmemory one:life', 'hangfire inmemory tuned:life'), 2.5);
  for (const store of stores) {
    goal(`${store}, pick-up on an idle queue, p50 ms`, '≤ 2', median(`qgjob ${store} idle:pickup`, 1), (n) => n <= 2);
    goal(`${store}, pick-up on an idle queue, p99 ms`, '≤ 6', median(`qgjob ${store} idle:pickup`, 2), (n) => n <= 6);
    goal(`${store}, pick-up at 1,000 jobs/s, p99 ms`, '≤ 25', median(`qgjob ${store} busy:pickup`, 2), (n) => n <= 25);
  }
  const renewing = [...cores].find(([k]) => k.endsWith(' renew'))?.[1].match(/server ([\d.]+) store ([\d.]+)/);
  goal('50,000 devices that renew every 20 s, cores of server and store', '< 0.5', renewing && Number(renewing[1]) + Number(renewing[2]), (n) => n < 0.5);
  return [
    `${rounds === 1 ? 'One round in turns' : `${rounds} rounds in turns, medians`}; p50 and p99 in ms from the submission's call to the agent (peers: the handler) that has the job.`, '',
    ...table(['queue', 'store', 'mode', 'jobs/s', 'p50', 'p99', 'cores; CPU a job'], [...figures.keys()].filter((key) => !/:enqueue|:drain| insert/.test(key)).map((key) =>
      row(...key.split(' '), digits(median(key, 0)), digits(median(key, 1), 2), digits(median(key, 2), 2), cores.get(key) ?? ''))), '',
    ...table(['goal', 'wanted', 'measured', ''], goals),
  ];
}

async function growth() {
  const rows = [];
  for (const store of stores.filter((s) => s !== 'memory')) {
    // So many finished jobs fit on a disk, and not in a Redis server's memory.
    const [finished, queued] = [Number(given.finished), Number(given.queued)].map((n) => (store === 'redis' ? Math.round(n / 10) : n));
    const kinds = [
      [`${digits(queued)} jobs queued in 5,000 groups, 5,000 devices at work`, `+${queued}queued`, ['--queued', queued, '--busy', 5000]],
      [`${digits(finished)} finished jobs kept`, `+${finished}finished`, ['--finished', finished]],
    ];
    for (const [name, suffix, options] of kinds) {
      figures.clear();
      await qgjob(store, 'one,batch', '--pair', '--jobs', scaled(6000), '--warm-up', scaled(4000), ...options);
      for (const mode of ['one', 'batch']) {
        const [bare, grown] = [`qgjob ${store} ${mode}`, `qgjob ${store} ${mode}${suffix}`];
        rows.push(row(store, mode, name, digits(median(bare, 0)), digits(median(grown, 0)), change(median(bare, 0), median(grown, 0)),
          cpu(bare) ?? '–', cpu(grown) ?? '–', change(cpu(bare), cpu(grown))));
      }
    }
  }
  return table(['store', 'mode', 'with', 'jobs/s without', 'with', 'change', 'µs of CPU a job without', 'with', 'change'], rows);
}
const change = (a, b) => (a && b ? `${b >= a ? '+' : '−'}${digits(Math.abs(b / a - 1) * 100)} %` : '–');
/** Server's and store's. */
function cpu(key) {
  const each = cores.get(key)?.match(/a job: server (\d+) store (\d+)/);
  return each && Number(each[1]) + Number(each[2]);
}

const name = given.growth ? 'growth' : 'figures';
const lines = given.growth ? await growth() : await all();
if (!given.growth && !given.peers) lines.push('', 'No peers were measured: `--peers` was not given.');
if (failed.length) lines.push('', 'Not measured:', '', ...failed.map((f) => `- ${f}`));
if (given.growth) lines.push('', `Load of the machine at the end: ${loadavg().map((l) => l.toFixed(0)).join(', ')} (1, 5, 15 minutes) on ${cpus().length} cores.`);
lines.push('', `Taken with \`bench/lifecycle/run --write${given.growth ? ' --growth' : ''}\` at ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC.`);
console.log(lines.join('\n'));
const begin = `<!-- ${name}: begin (bench/lifecycle/run --write${given.growth ? ' --growth' : ''}) -->`;
const end = `<!-- ${name}: end -->`;
const page = readFileSync(given.page, 'utf8');
const [from, to] = [page.indexOf(begin), page.indexOf(end)];
if (from < 0 || to < from) throw new Error(`${given.page} lacks the markers ${begin} and ${end}`);
writeFileSync(given.page, `${page.slice(0, from + begin.length)}\n${lines.join('\n')}\n${page.slice(to)}`);
process.exitCode = failed.length || goals.some((g) => g.includes('**missed**')) ? 1 : 0;
