// Reads `qgjob logs -f`: how long each line took from its console.log until it was here.
import readline from 'node:readline';
const took = [];
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [, printed] = line.match(/LINE \d+ (\d+)/) ?? [];
  if (printed) took.push(Date.now() - Number(printed));
}
took.sort((a, b) => a - b);
const at = share => took[Math.min(took.length - 1, Math.floor(took.length * share))];
console.log(`${took.length} lines: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, most ${took.at(-1)} ms`);
process.exit(took.length === Number(process.argv[2]) ? 0 : 1);
