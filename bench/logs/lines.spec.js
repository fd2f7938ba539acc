// Copied into the todo example by bench/logs/run. No phone is used: what is measured is the way of a line.
const { test } = require("@playwright/test");

test.setTimeout(0);

test("@latency", async () => {
  const lines = Number(process.env.LINES);
  for (let i = 0; i < lines; i++) {
    // Sometimes alone, sometimes many at once, as tests print.
    await new Promise(done => setTimeout(done, [5, 20, 100, 300, 1000][i % 5] * (0.5 + Math.random())));
    console.log(`LINE ${i} ${Date.now()}`);
  }
});

test("@volume", async () => {
  const bytes = Number(process.env.BYTES);
  const row = "x".repeat(990);
  for (let sent = 0, i = 0; sent < bytes; i++) {
    const line = `ROW ${i} ${row}`;
    sent += line.length + 1;
    process.stdout.write(line + "\n");
    // The process that collects the output must get its turn.
    if (i % 200 === 0) await new Promise(done => setTimeout(done, 5));
  }
});
