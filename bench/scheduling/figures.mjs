// Makes the figures of docs/scheduling.md; see run beside it for the options.
import { spawn, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values: given } = parseArgs({
  options: {
    page: { type: 'string' },
    qgjob: { type: 'string' },
    write: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '5' },
    devices: { type: 'string', default: '200' },
    loads: { type: 'string', default: 'at-once,large,small,arriving,flood' },
    'no-million': { type: 'boolean', default: false },
  },
});
const begin = '<!-- figures: begin (bench/scheduling/run --write) -->';
const end = '<!-- figures: end -->';
const devices = Number(given.devices);
const seeds = Array.from({ length: Number(given.seeds) }, (_, i) => i + 1);
const loads = given.loads.split(',');
const policies = ['qgjob', 'fifo', 'sticky'];
// Installs per floor that a load may cost; those of flood are the price of fairness, which has no goal of its own.
const mostInstalls = { 'at-once': 1.35, large: 1.35, small: 1.35, arriving: 2.5 };

const mean = (numbers) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
const worst = (numbers) => Math.max(...numbers);
const digits = (number, places) => number.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
const row = (...cells) => `| ${cells.join(' | ')} |`;
const table = (headers, rows) => [row(...headers), row(...headers.map(() => '---')), ...rows];

function simulate(load, seed, policy, ...more) {
  const args = ['simulate', '--generate', load, '--load-devices', devices, '--devices', devices, '--seed', seed, '--policy', policy, '--json', ...more];
  const result = JSON.parse(execFileSync(given.qgjob, args.map(String), { encoding: 'utf8', maxBuffer: 1 << 28, timeout: 600_000, stdio: ['ignore', 'pipe', 'inherit'] }));
  process.stderr.write(`${load} ${seed} ${policy} ${more.join(' ')}: ${digits(result.makespan_s / result.makespan_bound_s, 3)}, ${digits(result.installs / result.install_floor, 2)}\n`);
  return result;
}

/** The million jobs: seconds by the clock and the most memory that the process held. */
function million() {
  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const child = spawn(given.qgjob, ['simulate', '--generate', 'million', '--devices', '5000', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    let kilobytes = 0;
    const look = () => {
      try {
        kilobytes = Math.max(kilobytes, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0));
      } catch { /* It has ended; what was seen last is all that is known. */ }
    };
    const looking = setInterval(look, 20);
    const limit = setTimeout(() => child.kill(), 1_200_000);
    child.stdout.on('data', (chunk) => { look(); text += chunk; });
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(looking);
      clearTimeout(limit);
      if (code !== 0) return reject(new Error(`the million jobs ended with ${code}`));
      resolve({ ...JSON.parse(text), seconds: Number(process.hrtime.bigint() - started) / 1e9, megabytes: kilobytes / 1024 });
    });
  });
}

const goals = [];
const goal = (what, most, measured, places) => goals.push({ what, most, measured, places, met: measured <= most });
const lines = [];
const policyRows = [];
for (const load of loads) {
  for (const policy of policies) {
    const results = seeds.map((seed) => simulate(load, seed, policy));
    const makespans = results.map((r) => r.makespan_s / r.makespan_bound_s);
    const installs = results.map((r) => r.installs / r.install_floor);
    policyRows.push(row(load, policy, `${digits(mean(makespans), 3)} (${digits(worst(makespans), 3)})`, `${digits(mean(installs), 2)} (${digits(worst(installs), 2)})`,
      digits(mean(results.map((r) => r.mean_turnaround_s)), 0), digits(mean(results.map((r) => r.p95_turnaround_s)), 0), digits(mean(results.map((r) => r.decision_us_mean)), 1)));
    if (policy !== 'qgjob') continue;
    goal(`${load}: makespan / bound, mean`, 1.05, mean(makespans), 3);
    goal(`${load}: makespan / bound, worst`, 1.08, worst(makespans), 3);
    if (mostInstalls[load]) goal(`${load}: installs / floor, mean`, mostInstalls[load], mean(installs), 2);
  }
}
lines.push(`${seeds.length} seeds, ${devices} devices, estimates 30 % off; mean (worst).`, '',
  ...table(['load', 'policy', 'makespan / bound', 'installs / floor', 'mean turnaround, s', '95 % within, s', 'one decision, µs'], policyRows));

if (loads.includes('flood')) {
  // The flooding org has most of the jobs; the names of the small ones say so.
  const small = (result) => mean(result.orgs.filter((o) => o.org_id.startsWith('small-')).map((o) => o.mean_turnaround_s));
  const fair = seeds.map((seed) => simulate('flood', seed, 'qgjob'));
  const unfair = seeds.map((seed) => simulate('flood', seed, 'qgjob', '--fairness', 'off'));
  const shares = seeds.map((_, i) => small(fair[i]) / small(unfair[i]));
  const rowOf = (name, results) => row(name, digits(mean(results.map(small)), 0),
    digits(mean(results.map((r) => worst(r.orgs.filter((o) => o.org_id.startsWith('small-')).map((o) => o.max_wait_s)))), 0),
    digits(mean(results.map((r) => r.installs / r.install_floor)), 2));
  lines.push('', 'Nineteen small orgs beside one that floods (`flood`):', '',
    ...table(['fairness', "small orgs' mean turnaround, s", 'their longest wait, s', 'installs / floor'], [rowOf('on', fair), rowOf('off', unfair)]));
  goal("flood: small orgs' turnaround, fair / unfair", 0.2, mean(shares), 3);
}
if (!given['no-million']) {
  const all = await million();
  lines.push('', '1,000,000 jobs in 5,000 groups on 5,000 devices (`million`), reading and bounds included:', '',
    ...table(['seconds', 'most memory, MB', 'one decision, µs', 'makespan / bound', 'installs / floor'],
      [row(digits(all.seconds, 0), digits(all.megabytes, 0), digits(all.decision_us_mean, 1), digits(all.makespan_s / all.makespan_bound_s, 3), digits(all.installs / all.install_floor, 2))]));
  goal('million: seconds', 60, all.seconds, 0);
  goal('million: most memory, MB', 1024, all.megabytes, 0);
  goal('million: one decision, µs', 50, all.decision_us_mean, 1);
}
lines.push('', 'The goals, and what was measured:', '',
  ...table(['goal', 'at most', 'measured', ''], goals.map((g) => row(g.what, digits(g.most, g.places), digits(g.measured, g.places), g.met ? 'met' : '**missed**'))));

console.log(lines.join('\n'));
if (given.write) {
  const page = readFileSync(given.page, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${given.page} lacks the markers ${begin} and ${end}`);
  writeFileSync(given.page, `${page.slice(0, from + begin.length)}\n${lines.join('\n')}\n${page.slice(to)}`);
}
process.exitCode = goals.every((g) => g.met) ? 0 : 1;
