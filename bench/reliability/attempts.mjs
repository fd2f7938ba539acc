// Asks a server for all jobs and attempts of an org and counts the attempts that were no verdict on the tests, by kind.
//   node attempts.mjs URL ORG     exit code 1 if a job is not passed or an attempt is labelled a test's failure
const [url, org] = process.argv.slice(2);
const get = async (path) => {
  const answer = await fetch(new URL(`/api/v1/${path}`, url), { signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

// The first that fits names the kind; what fits none is shown as it is, so that nothing new hides.
const kinds = [
  ['installation refused', /INSTALL_FAILED/],
  ['installation too slow', /install(ation)? (took|limit)|within the install limit/i],
  ['instrumentation crashed', /instrumentation process is not running|instrumentation.*crash/i],
  ['phone gone', /is gone|not found|no devices|device offline|closed|connection to adb broke/i],
  ["phone's server does not answer", /could not proxy|cannot be proxied|socket hang up|ECONNREFUSED|ECONNRESET/i],
  ['phone silent', /did not answer|does not answer|timed? ?out|no .*response/i],
  ['Appium did not open a session', /session/i],
];
const kindOf = (reason) => kinds.find(([, sign]) => sign.test(reason))?.[0] ?? reason.replace(/\d+/g, 'N').slice(0, 90);

const jobs = [];
for (let cursor = ''; ;) {
  const page = await get(`jobs?org_id=${org}&limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
  jobs.push(...page.items);
  cursor = page.next ?? '';
  if (!cursor) break;
}

const infra = new Set(['infra', 'install_limit', 'lost']);
const counts = new Map();
const examples = new Map();
let attempts = 0, retried = 0, most = 0, wrong = [];
for (const { job_id } of jobs) {
  const job = await get(`jobs/${job_id}`);
  attempts += job.attempts.length;
  most = Math.max(most, job.attempts.length);
  if (job.attempts.length > 1) retried++;
  if (job.status !== 'passed') wrong.push(`${job_id} ${job.test_path} ended ${job.status}: ${job.reason}`);
  for (const attempt of job.attempts.filter((a) => a.outcome !== 'passed')) {
    if (!infra.has(attempt.outcome)) wrong.push(`${job_id} ${job.test_path} attempt ${attempt.number} is labelled ${attempt.outcome}: ${attempt.reason}`);
    const kind = `${attempt.outcome} | ${kindOf(attempt.reason ?? '')}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (!examples.has(kind)) examples.set(kind, (attempt.reason ?? '').split('\n')[0].slice(0, 160).replaceAll('|', '/'));
  }
}

console.log(`${jobs.length} jobs, ${attempts} attempts; ${retried} jobs needed more than one, at most ${most}\n`);
console.log('| labelled | kind | attempts | for example |\n| --- | --- | --- | --- |');
for (const [kind, count] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`| ${kind} | ${count} | ${examples.get(kind)} |`);
for (const line of wrong) console.log(`WRONG: ${line}`);
process.exitCode = wrong.length ? 1 : 0;
