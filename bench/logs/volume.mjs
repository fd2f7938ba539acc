// Two readers of one long log, and the server's memory meanwhile.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
const [qgjob, job, server, mb] = process.argv.slice(2);
// Pages of files that the kernel keeps are not the server's: RssAnon.
const memory = () => {
  const status = fs.readFileSync(`/proc/${server}/status`, 'utf8');
  const of = name => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024;
  return { rss: of('VmRSS'), anon: of('RssAnon') };
};
const before = memory();
const most = { ...before };
const sampling = setInterval(() => {
  const now = memory();
  for (const name of ['rss', 'anon']) most[name] = Math.max(most[name], now[name]);
}, 100);
const read = (...more) => new Promise(done => {
  const hash = createHash('sha256');
  let bytes = 0;
  const child = spawn(qgjob, ['logs', job, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', part => { hash.update(part); bytes += part.length; if (bytes > mb * 5e5) half(); });
  child.on('close', () => done({ bytes, hash: hash.digest('hex') }));
});
let late, half = () => { half = () => {}; late = read('-f'); };
const started = Date.now();
const first = await read('-f');
const second = await late;
clearInterval(sampling);
const whole = await read();
const same = first.hash === second.hash && first.hash === whole.hash;
console.log(`${(first.bytes / 1e6).toFixed(1)} MB in ${((Date.now() - started) / 1000).toFixed(0)} s; both readers have ${same ? 'every byte' : `different bytes: ${first.bytes}, ${second.bytes} of ${whole.bytes}`}`);
console.log(`server memory: ${before.rss.toFixed(0)} MB before, at most ${most.rss.toFixed(0)} MB: grew by ${(most.rss - before.rss).toFixed(0)} MB (${(most.anon - before.anon).toFixed(0)} MB of it its own)`);
process.exit(same && first.bytes > mb * 1e6 ? 0 : 1);
